//! What a client sends, byte by byte, against the vectors of `fixtures/wire`.

use emsmdb::aux::{AuxBlock, AuxPerfProcessInfo, decode_aux, encode_aux};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{EcDoConnectExRequest, EcDoConnectRequest, EcDoRpcExt2Request};
use simulator::{MachineOptions, ProcessName};

use super::pipe::Pipe;
use super::{outlook, spec};

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../fixtures/wire/", $name, ".bin")).as_slice()
    };
}

const PLAIN: MachineOptions = MachineOptions { xor_magic: false };

/// Puts what a client derives from its names where the vector has something else.
fn as_in_vector(mut ours: EcDoConnectExRequest, vector: &EcDoConnectExRequest) -> Vec<u8> {
    ours.con_mod = vector.con_mod;
    let theirs = decode_aux(&vector.aux_in).blocks;
    let blocks = decode_aux(&ours.aux_in).blocks.into_iter().zip(theirs);
    let blocks: Vec<AuxBlock> = blocks
        .map(|pair| match pair {
            (AuxBlock::ClientInfo(mut ours), AuxBlock::ClientInfo(theirs)) => {
                ours.user_name = theirs.user_name;
                ours.client_ip = theirs.client_ip;
                ours.client_ip_mask = theirs.client_ip_mask;
                ours.mac_address = theirs.mac_address;
                AuxBlock::ClientInfo(ours)
            }
            (AuxBlock::ProcessInfo(mut ours), AuxBlock::ProcessInfo(theirs)) => {
                ours.process_guid = theirs.process_guid;
                AuxBlock::ProcessInfo(ours)
            }
            (AuxBlock::SessionInfo(mut ours), AuxBlock::SessionInfo(theirs)) => {
                ours.session_guid = theirs.session_guid;
                AuxBlock::SessionInfo(ours)
            }
            other => panic!("blocks differ: {other:?}"),
        })
        .collect();
    ours.aux_in = encode_aux(&blocks, HeaderFlags::default());
    ours.encode()
}

#[test]
fn a_connect_is_the_vector_but_for_what_is_derived_from_names() {
    let pipe = Pipe::with(outlook(), PLAIN).connected();
    let ours = EcDoConnectExRequest::decode(&pipe.calls[0].1).unwrap();
    let vector = vector!("connectex_req");
    let theirs = EcDoConnectExRequest::decode(vector).unwrap();
    assert_eq!(as_in_vector(ours, &theirs), vector);
}

#[test]
fn a_logon_is_the_vector() {
    let pipe = Pipe::with(outlook(), PLAIN).connected();
    assert_eq!(pipe.calls[1].1, vector!("ext2_req"));
}

#[test]
fn an_old_connect_is_the_vector_but_for_the_hash() {
    let pipe = Pipe::new(spec(None, "5.0.3165.0")).connected();
    let vector = vector!("connect0_req");
    let mut ours = EcDoConnectRequest::decode(&pipe.calls[0].1).unwrap();
    ours.con_mod = EcDoConnectRequest::decode(vector).unwrap().con_mod;
    assert_eq!(ours.encode(), vector);
}

#[test]
fn a_disconnect_is_the_vector() {
    let mut pipe = Pipe::new(outlook()).connected();
    pipe.client.disconnect(super::pipe::NOW);
    pipe.settle();
    assert_eq!(pipe.calls[2].1, vector!("disc_req"));
}

#[test]
fn a_bind_is_that_of_a_windows_client() {
    let hex = include_str!("../../fixtures/wire/foreign/bind.hex");
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let bind: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    assert_eq!(Pipe::new(outlook()).connected().bind, bind);
}

#[test]
fn buffers_are_obfuscated_unless_told_otherwise() {
    let connect = Pipe::new(outlook()).connected().calls.swap_remove(0).1;
    let aux_in = EcDoConnectExRequest::decode(&connect).unwrap().aux_in;
    assert_eq!(aux_in[2..4], [6, 0], "XorMagic and Last");
    let plain = Pipe::with(outlook(), PLAIN).connected().calls.swap_remove(0).1;
    let plain = EcDoConnectExRequest::decode(&plain).unwrap().aux_in;
    assert_eq!(plain[2..4], [4, 0], "Last");
    assert_eq!(decode_aux(&aux_in), decode_aux(&plain));
}

#[test]
fn a_client_without_a_program_sends_no_auxiliary_block() {
    let pipe = Pipe::new(spec(None, "11.0.5608.0")).connected();
    let request = EcDoConnectExRequest::decode(&pipe.calls[0].1).unwrap();
    assert!(request.aux_in.is_empty());
}

#[test]
fn a_late_name_comes_in_a_block_of_its_own_with_no_operations() {
    let mut pipe = Pipe::new(spec(None, "11.0.5608.0")).connected();
    for process in ["mdl.exe", "b.exe"] {
        pipe.client.report(&ProcessName::new(process).unwrap()).unwrap();
        pipe.settle();
    }
    let named = |index: usize| -> Vec<AuxPerfProcessInfo> {
        let request = EcDoRpcExt2Request::decode(&pipe.calls[index].1).unwrap();
        assert_eq!(emsmdb::rgb::decode_rgb_in(&request.rgb_in).unwrap()[0].bytes, [2, 0]);
        decode_aux(&request.aux_in).processes().cloned().collect()
    };
    let (first, second) = (named(2).remove(0), named(3).remove(0));
    assert_eq!(first.name_lossy().as_deref(), Some("mdl.exe"));
    assert_eq!(second.name_lossy().as_deref(), Some("b.exe"));
    assert_ne!(first.process_id, second.process_id, "an id is one program's");
    assert_ne!(first.process_guid, second.process_guid);
}

#[test]
fn a_client_says_the_same_every_time_and_another_client_something_else() {
    let connect = |spec| Pipe::new(spec).connected().calls.swap_remove(0).1;
    assert_eq!(connect(outlook()), connect(outlook()));
    assert_ne!(connect(outlook()), connect(spec(Some("mdl.exe"), "11.0.5608.0")));
}
