//! Anything at all is decoded without a panic, and what we write we read back.

use emsmdb::asynchronous::decode_async_request;
use emsmdb::aux::{
    AuxBlock, AuxClientConnectionInfo, AuxClientControl, AuxEndpointCapabilities, AuxExOrgInfo,
    AuxExceptionTrace, AuxOsVersionInfo, AuxPerfAccountInfo, AuxPerfClientInfo,
    AuxPerfDefGcSuccess, AuxPerfDefMdbSuccess, AuxPerfFailure, AuxPerfGcSuccess, AuxPerfMdbSuccess,
    AuxPerfProcessInfo, AuxPerfRequestId, AuxPerfServerInfo, AuxPerfSessionInfo,
    AuxProtocolDeviceIdentification, AuxServerCapabilities, AuxServerSessionInfo, AuxType,
    ClientMode, Ground, ServerType, SkippedBlock, decode_aux, decode_blocks, encode_aux,
};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::push::callback_address;
use emsmdb::rgb::decode_rgb_in;
use emsmdb::rop::{
    LogonFlags, OpenFlags, RopBuffer, RopLogonRequest, RopRequest, decode_request_buffer,
    decode_response_buffer,
};
use emsmdb::{
    EcDoAsyncConnectExResponse, EcDoAsyncWaitExResponse, EcDoConnectExRequest,
    EcDoConnectExResponse, EcDoConnectResponse, EcDoDisconnectResponse, EcDoRpcExt2Request,
    EcDoRpcExt2Response, EcDoRpcRequest, EcDoRpcResponse, EcDummyRpcResponse,
    EcRRegisterPushNotificationResponse, ErrorCode, RpcExt2Flags, WireVersion, decode_request,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::direct2::framed;
use super::vector;

fn decode_as_everything(bytes: &[u8]) {
    for opnum in 0..16 {
        let _ignored = decode_request(opnum, bytes);
    }
    let _ignored = EcDoConnectExResponse::decode(bytes);
    let _ignored = EcDoConnectResponse::decode(bytes);
    let _ignored = EcDoDisconnectResponse::decode(bytes);
    let _ignored = EcDoRpcResponse::decode(bytes);
    let _ignored = EcDoRpcExt2Response::decode(bytes);
    let _ignored = EcRRegisterPushNotificationResponse::decode(bytes);
    let _ignored = callback_address(bytes);
    let _ignored = EcDoAsyncConnectExResponse::decode(bytes);
    let _ignored = EcDoAsyncWaitExResponse::decode(bytes);
    let _ignored = decode_async_request(0, bytes);
    let _ignored = EcDummyRpcResponse::decode(bytes);
    let _ignored = decode_aux(bytes);
    let _ignored = decode_blocks(bytes);
    let _ignored = decode_rgb_in(bytes);
    let _ignored = decode_request_buffer(bytes);
    let _ignored = decode_response_buffer(bytes);
}

/// Octets of a string: anything but the NUL that ends it.
fn characters() -> impl Strategy<Value = Vec<u8>> {
    vec(1..=u8::MAX, 0..80)
}

fn name() -> impl Strategy<Value = Option<Vec<u16>>> {
    proptest::option::of(vec(1..=u16::MAX, 0..40))
}

fn ground() -> impl Strategy<Value = Ground> {
    prop_oneof![Just(Ground::Unstated), Just(Ground::Background), Just(Ground::Foreground)]
}

/// Blocks that name programs, machines, sessions and the like.
fn naming_block() -> impl Strategy<Value = AuxBlock> {
    let process = (1..=2_u8, any::<u16>(), any::<[u8; 16]>(), name()).prop_map(
        |(version, process_id, process_guid, name)| {
            AuxBlock::ProcessInfo(AuxPerfProcessInfo { version, process_id, process_guid, name })
        },
    );
    let octets = || vec(any::<u8>(), 0..17);
    let names = (name(), name(), name());
    let client = (any::<u32>(), any::<u16>(), names, (octets(), octets(), octets()), any::<u16>())
        .prop_map(|(speed, client_id, names, octets, mode)| {
            AuxBlock::ClientInfo(AuxPerfClientInfo {
                adapter_speed_kbit: speed,
                client_id,
                machine_name: names.0,
                user_name: names.1,
                client_ip: octets.0,
                client_ip_mask: octets.1,
                adapter_name: names.2,
                mac_address: octets.2,
                client_mode: ClientMode(mode),
            })
        });
    let session = (any::<u16>(), any::<[u8; 16]>(), any::<Option<u32>>()).prop_map(
        |(session_id, session_guid, connection_id)| {
            AuxBlock::SessionInfo(AuxPerfSessionInfo { session_id, session_guid, connection_id })
        },
    );
    let server = (any::<(u16, u16)>(), name(), name()).prop_map(|(numbers, dn, name)| {
        AuxBlock::ServerInfo(AuxPerfServerInfo {
            server_id: numbers.0,
            server_type: ServerType(numbers.1),
            server_dn: dn,
            server_name: name,
        })
    });
    let request = any::<(u16, u16)>().prop_map(|(session_id, request_id)| {
        AuxBlock::RequestId(AuxPerfRequestId { session_id, request_id })
    });
    let account = any::<(u16, [u8; 16])>().prop_map(|(client_id, account)| {
        AuxBlock::AccountInfo(AuxPerfAccountInfo { client_id, account })
    });
    prop_oneof![process, client, session, server, request, account]
}

/// Blocks that report how requests went.
fn reporting_block() -> impl Strategy<Value = AuxBlock> {
    let numbers = (any::<Option<u16>>(), any::<[u16; 4]>(), any::<[u32; 3]>(), any::<u8>());
    (0..5_u8, ground(), numbers).prop_map(|(which, ground, (process_id, ids, times, operation))| {
        let [client_id, server_id, session_id, request_id] = ids;
        let [time_since_request_ms, time_to_complete_ms, code] = times;
        let request_operation = operation;
        match which {
            0 => AuxBlock::DefMdbSuccess(AuxPerfDefMdbSuccess {
                ground,
                time_since_request_ms,
                time_to_complete_ms,
                request_id,
            }),
            1 => AuxBlock::DefGcSuccess(AuxPerfDefGcSuccess {
                ground,
                server_id,
                session_id,
                time_since_request_ms,
                time_to_complete_ms,
                request_operation,
            }),
            2 => AuxBlock::MdbSuccess(AuxPerfMdbSuccess {
                ground,
                process_id,
                client_id,
                server_id,
                session_id,
                request_id,
                time_since_request_ms,
                time_to_complete_ms,
            }),
            3 => AuxBlock::GcSuccess(AuxPerfGcSuccess {
                ground,
                process_id,
                client_id,
                server_id,
                session_id,
                time_since_request_ms,
                time_to_complete_ms,
                request_operation,
            }),
            _ => AuxBlock::Failure(AuxPerfFailure {
                ground,
                process_id,
                client_id,
                server_id,
                session_id,
                request_id,
                time_since_request_ms,
                time_to_fail_ms: time_to_complete_ms,
                result_code: ErrorCode(code),
                request_operation,
            }),
        }
    })
}

/// Blocks of servers and of later clients, and unknown ones.
fn other_block() -> impl Strategy<Value = AuxBlock> {
    let flags =
        (0..4_u8, any::<u32>(), any::<u32>()).prop_map(|(which, flags, time)| match which {
            0 => AuxBlock::ExOrgInfo(AuxExOrgInfo { org_flags: flags }),
            1 => {
                let server_capability_flags = flags;
                AuxBlock::ServerCapabilities(AuxServerCapabilities { server_capability_flags })
            }
            2 => {
                let endpoint_capability_flag = flags;
                AuxBlock::EndpointCapabilities(AuxEndpointCapabilities { endpoint_capability_flag })
            }
            _ => AuxBlock::ClientControl(AuxClientControl {
                enable_flags: flags,
                expiry_time_ms: time,
            }),
        });
    let system = any::<([u32; 3], [u16; 2])>().prop_map(|([major, minor, build], packs)| {
        let [service_pack_major, service_pack_minor] = packs;
        AuxBlock::OsVersionInfo(AuxOsVersionInfo {
            major,
            minor,
            build,
            service_pack_major,
            service_pack_minor,
        })
    });
    let connection = (any::<[u8; 16]>(), name(), any::<[u32; 2]>()).prop_map(
        |(connection_guid, connection_context_info, [connection_attempts, connection_flags])| {
            AuxBlock::ClientConnectionInfo(AuxClientConnectionInfo {
                connection_guid,
                connection_context_info,
                connection_attempts,
                connection_flags,
            })
        },
    );
    let session = name().prop_map(|server_session_context_info| {
        AuxBlock::ServerSessionInfo(AuxServerSessionInfo { server_session_context_info })
    });
    let device = (name(), name(), name(), name(), name()).prop_map(|names| {
        AuxBlock::ProtocolDeviceIdentification(AuxProtocolDeviceIdentification {
            manufacturer: names.0,
            model: names.1,
            serial_number: names.2,
            version: names.3,
            firmware_version: names.4,
        })
    });
    let trace = vec(any::<u8>(), 0..40)
        .prop_map(|body| AuxBlock::ExceptionTrace(AuxExceptionTrace { body }));
    let unknown = prop_oneof![(0x4F..=u8::MAX, any::<u8>()), (any::<u8>(), 3..=u8::MAX)];
    let skipped = (unknown, 4..60_u16).prop_map(|((block_type, version), size)| {
        AuxBlock::Skipped(SkippedBlock { block_type: AuxType(block_type), version, size })
    });
    prop_oneof![flags, system, connection, session, device, trace, skipped]
}

fn block() -> impl Strategy<Value = AuxBlock> {
    prop_oneof![naming_block(), reporting_block(), other_block()]
}

fn operation() -> impl Strategy<Value = RopRequest> {
    let release = (any::<u8>(), any::<u8>())
        .prop_map(|(logon_id, input_index)| RopRequest::Release { logon_id, input_index });
    let numbers = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u32>(), any::<u32>());
    let logon = (numbers, proptest::option::of(characters())).prop_map(
        |((logon_id, output_index, flags, open, store_state), essdn)| {
            RopRequest::Logon(RopLogonRequest {
                logon_id,
                output_index,
                logon_flags: LogonFlags(flags),
                open_flags: OpenFlags(open),
                store_state,
                essdn,
            })
        },
    );
    prop_oneof![release, logon]
}

proptest! {
    #[test]
    fn garbage_is_decoded_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn garbage_behind_a_header_is_decoded_without_a_panic(
        flags in 0..8_u16,
        size_actual in 0..0x9000_usize,
        bytes in vec(any::<u8>(), 0..400),
    ) {
        let buffer = framed(flags, &bytes, size_actual);
        decode_as_everything(&buffer);
        for payload in decode_rgb_in(&buffer).unwrap_or_default() {
            prop_assert_eq!(payload.bytes.len(), size_actual);
        }
    }

    #[test]
    fn messages_with_a_few_wrong_bytes_are_decoded_without_a_panic(
        which in 0..7_usize,
        errors in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = [
            vector!("connectex_req"),
            vector!("connectex_resp"),
            vector!("connect0_resp"),
            vector!("ext2_req"),
            vector!("ext2_resp"),
            vector!("aux"),
            vector!("aux_compressed"),
        ][which]
            .to_vec();
        for (index, value) in errors {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        decode_as_everything(&bytes);
    }

    #[test]
    fn auxiliary_blocks_are_read_as_written(
        blocks in vec(block(), 0..8),
        obfuscated in any::<bool>(),
    ) {
        let flags = if obfuscated { HeaderFlags::XOR_MAGIC } else { HeaderFlags::default() };
        let reading = decode_aux(&encode_aux(&blocks, flags));
        prop_assert_eq!(reading.problem, None);
        prop_assert_eq!(reading.blocks, blocks);
    }

    #[test]
    fn operations_are_read_as_written(
        rops in vec(operation(), 0..12),
        handles in vec(any::<u32>(), 0..12),
    ) {
        let buffer = RopBuffer { rops, handles };
        prop_assert_eq!(decode_request_buffer(&buffer.encode()), Ok(buffer));
    }

    #[test]
    fn connects_are_read_as_written(
        user_dn in characters(),
        numbers in any::<[u32; 8]>(),
        words in any::<[u16; 4]>(),
        aux_in in vec(any::<u8>(), 0..60),
        aux_out_max in 0..=0x1008_u32,
    ) {
        let [flags, con_mod, limit, code_page, lcid_string, lcid_sort, link, time_stamp] = numbers;
        let [can_convert_code_pages, v0, v1, v2] = words;
        let request = EcDoConnectExRequest {
            user_dn,
            flags,
            con_mod,
            limit,
            code_page,
            lcid_string,
            lcid_sort,
            link,
            can_convert_code_pages,
            client_version: WireVersion([v0, v1, v2]),
            time_stamp,
            aux_in,
            aux_out_max,
        };
        prop_assert_eq!(EcDoConnectExRequest::decode(&request.encode()), Ok(request));
    }

    #[test]
    fn connect_answers_are_read_as_written(
        handle in any::<[u8; 20]>(),
        dn_prefix in characters(),
        display_name in characters(),
        session_index in any::<u16>(),
        versions in any::<([u16; 3], [u16; 3])>(),
        aux_out in vec(any::<u8>(), 0..60),
        result in any::<u32>(),
    ) {
        let response = EcDoConnectExResponse {
            handle,
            dn_prefix,
            display_name,
            session_index,
            server_version: WireVersion(versions.0),
            best_version: WireVersion(versions.1),
            aux_out,
            ..EcDoConnectExResponse::refused(ErrorCode(result))
        };
        prop_assert_eq!(EcDoConnectExResponse::decode(&response.encode()), Ok(response));
    }

    #[test]
    fn calls_are_read_as_written(
        handle in any::<[u8; 20]>(),
        flags in any::<u32>(),
        rgb in vec(any::<u8>(), 0..60),
        aux in vec(any::<u8>(), 0..60),
    ) {
        let request = EcDoRpcExt2Request {
            handle,
            flags: RpcExt2Flags(flags),
            rgb_in: rgb.clone(),
            rgb_out_max: 0x40000,
            aux_in: aux.clone(),
            aux_out_max: 0x1008,
        };
        prop_assert_eq!(EcDoRpcExt2Request::decode(&request.encode()), Ok(request));
        let response = EcDoRpcExt2Response {
            rgb_out: rgb.clone(),
            aux_out: aux,
            ..EcDoRpcExt2Response::failed(handle, ErrorCode(flags))
        };
        prop_assert_eq!(EcDoRpcExt2Response::decode(&response.encode()), Ok(response));
        let legacy = EcDoRpcRequest { handle, rops: rgb, max_data: 0x7FFF };
        prop_assert_eq!(EcDoRpcRequest::decode(&legacy.encode()), Ok(legacy));
    }

    #[test]
    fn versions_survive_each_scheme(
        (major, minor) in any::<(u8, u8)>(),
        build in 0..=0x7FFF_u16,
        last in any::<u16>(),
    ) {
        let version = [major.into(), minor.into(), build, last];
        prop_assert_eq!(WireVersion::encode_new(version).unwrap().normalised(), version);
        let version = [major.into(), 0, build, last];
        prop_assert_eq!(WireVersion::encode_old(version).unwrap().normalised(), version);
    }
}
