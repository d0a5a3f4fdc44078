#!/bin/sh
# A listed program is cut off at the next poll. A shell and curl; run it as `exstore run -- docs/examples/mapi_policy.sh`.
set -eu

store=$EXSTORE_CONTROL/v1/stores/$EXSTORE_STORE
ask() { curl --fail-with-body --silent --show-error -H 'Content-Type: application/json' "$@"; }

ask "$store/clients" -d '{"process":"mdl.exe","count":3}' >/dev/null
ask "$store/clients" -d '{"process":"OUTLOOK.EXE"}' >/dev/null
ask -X PUT "$store/block-lists/processes" -d '{"data":"mdl.exe"}' >/dev/null

# Fifteen minutes in a moment: the answer comes when all that follows has happened.
case $(ask "$store/clock/advance" -d '{"next":"poll"}') in
*'"disconnected":3'*) ;;
*) echo 'the poll did not cut off all three' >&2; exit 1 ;;
esac

case $(ask "$store/clients" -d '{"process":"mdl.exe"}') in
*ecClientVerDisallowed*) echo 'mdl.exe is cut off and refused' ;;
*) echo 'mdl.exe was let in again' >&2; exit 1 ;;
esac
