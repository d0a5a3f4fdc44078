//! Calls on one session context handle that are made at once: the server answers them one after the other, each whole, however
//! they come.

use emsmdb::header_ext::HeaderFlags;
use emsmdb::rop::{NO_HANDLE, RopBuffer, RopResponse, decode_response_buffer};
use emsmdb::{EcDoRpcExt2Request, EcDoRpcExt2Response, ErrorCode, opnum, rgb};
use infostore::SessionId;

use super::TestStore;
use super::notifications::subscribe;
use super::wire_client::{Called, WireClient, ext2_request};

/// EcDoRpcExt2 with these operations, whose answer may be so long.
fn request(handle: [u8; 20], buffer: &RopBuffer, rgb_out_max: u32) -> Vec<u8> {
    let rgb_in = rgb::encode_rgb_in(&buffer.encode(), HeaderFlags::LAST).unwrap();
    EcDoRpcExt2Request { rgb_out_max, ..ext2_request(handle, rgb_in) }.encode()
}

/// The answers to the operations of an EcDoRpcExt2 that succeeded.
fn responses(stub: &[u8]) -> Vec<RopResponse> {
    let answer = EcDoRpcExt2Response::decode(stub).expect("a whole response");
    assert_eq!(answer.result, ErrorCode::EC_NONE);
    let [payload] = rgb::decode_rgb_in(&answer.rgb_out).unwrap().try_into().expect("one payload");
    decode_response_buffer(&payload.bytes).expect("responses").responses
}

/// The numbers of the messages that an answer tells of.
fn numbers(stub: &[u8]) -> Vec<u32> {
    let told = responses(stub).into_iter().filter_map(|response| match response {
        RopResponse::NotifyNewMail(mail) => {
            let class = String::from_utf16(&mail.message_class).unwrap();
            Some(class.strip_prefix("IPM.").unwrap().parse().unwrap())
        }
        RopResponse::Pending { .. } => None,
        other => panic!("{other:?}"),
    });
    told.collect()
}

/// Two connections of a group fetch the events of one session: each answer tells of the next ones in order, as no answer
/// could whose call ran amid another.
#[test]
fn calls_on_one_handle_from_two_connections_never_run_amid_each_other() {
    const EVENTS: u32 = 900;
    let store = TestStore::start();
    let mut first = store.bind();
    let handle = first.connect(Some("OUTLOOK.EXE")).handle;
    subscribe(&mut first, handle);
    let mut second = store.bind_beside(&first);
    for number in 0..EVENTS {
        let notified = store.handle.notify_session(SessionId(1), format!("IPM.{number}"));
        store.runtime.block_on(notified).unwrap();
    }
    let stub = request(handle, &RopBuffer { rops: vec![], handles: vec![] }, 500);
    let mut runs = Vec::new();
    loop {
        for client in [&mut first, &mut second] {
            client.send(opnum::EC_DO_RPC_EXT2, &stub);
        }
        let mut round = [&mut first, &mut second].map(|client| match client.answer() {
            Called::Response(stub) => numbers(&stub),
            fault @ Called::Fault(_) => panic!("{fault:?}"),
        });
        // Whose call was first is not said.
        round.sort();
        if round.iter().all(Vec::is_empty) {
            break;
        }
        runs.extend(round);
    }
    let told: Vec<u32> = runs.into_iter().flatten().collect();
    assert_eq!(told, (0..EVENTS).collect::<Vec<_>>(), "each once, and in runs without a gap");
}

#[test]
fn calls_of_one_connection_are_answered_in_their_order_and_never_fragment_amid_fragment() {
    const CALLS: u32 = 8;
    let store = TestStore::start();
    for multiplexed in [false, true] {
        let server = store.handle.rpc_address().unwrap();
        let mut client = WireClient::bind_for_several(server, multiplexed);
        let handle = client.connect(None).handle;
        // An answer of nearly 32 KB, in six fragments.
        let rops = vec![WireClient::private_logon(); 197];
        let stub = request(handle, &RopBuffer { rops, handles: vec![NO_HANDLE] }, 0x40000);
        for call in 0..CALLS {
            client.send_past_fragmented(100 + call, opnum::EC_DO_RPC_EXT2, &stub);
        }
        for call in 0..CALLS {
            let mut answer = Vec::new();
            let mut fragments = 0;
            loop {
                let pdu = client.read_pdu();
                assert_eq!((pdu[2], &pdu[12..16]), (2, &(100 + call).to_le_bytes()[..]));
                assert_eq!(pdu[3] & 1 == 1, fragments == 0, "FIRST is the first");
                answer.extend_from_slice(&pdu[24..]);
                fragments += 1;
                if pdu[3] & 2 == 2 {
                    break;
                }
            }
            assert!(5 < fragments);
            assert_eq!(responses(&answer).len(), 197);
        }
    }
}
