//! What the policy sees of an auxiliary buffer, however the client wrapped it: a listed program is refused, and one whose
//! name cannot be read is admitted as unidentified.

use emsmdb::rop::RopBuffer;
use emsmdb::{EcDoRpcExt2Request, EcDoRpcExt2Response, ErrorCode, RpcExt2Flags, opnum, rgb};

use super::TestStore;
use super::wire_client::{Called, NULL, OUTLOOK_2003, WireClient, closed};
use crate::emsmdb::direct2::{framed, greedy, literals};

/// `rgbAuxIn`, compressed by a program that shares nothing with this one.
const COMPRESSED: &[u8] = include_bytes!("../../fixtures/wire/aux_compressed.bin");
const ITS_PROGRAM: &str = "VeryLongMapiClientProcessNameVeryLongMapiClientProcessName.exe";

/// What becomes of a client.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// With the code of a blocked client.
    Refused,
    /// Admitted without a name.
    Unidentified,
    /// Admitted with one.
    Identified,
}

const PLAIN: u16 = 4;
const PACKED: u16 = 5;
const OBFUSCATED: u16 = 6;
const BOTH: u16 = 7;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A block with this body; its Size is what it is, odd or not.
fn block(version: u8, block_type: u8, body: &[u8]) -> Vec<u8> {
    let size = u16::try_from(4 + body.len()).unwrap().to_le_bytes();
    [&[size[0], size[1], version, block_type], body].concat()
}

/// AUX_PERF_PROCESSINFO with the name's offset as given, and these bytes behind the fixed fields.
fn process_at(version: u8, name_offset: u8, tail: &[u8]) -> Vec<u8> {
    let fixed = [&[1, 0, 0, 0][..], &[7; 16], &[name_offset, 0, 0, 0]].concat();
    block(version, 0x0B, &[&fixed, tail].concat())
}

fn process(version: u8, name: &str) -> Vec<u8> {
    process_at(version, 28, &[utf16(name), vec![0; 2]].concat())
}

/// `rgbAuxIn` of these blocks, compressed and obfuscated by its flags.
fn wrapped(flags: u16, blocks: &[u8]) -> Vec<u8> {
    let packed = if flags & 1 == 0 { blocks.to_vec() } else { greedy(blocks, 8192, 300) };
    framed(flags, &packed, blocks.len())
}

fn plain(blocks: &[&[u8]]) -> Vec<u8> {
    wrapped(PLAIN, &blocks.concat())
}

/// A store whose list has `mdl.exe` and the program of [`COMPRESSED`].
fn listing_store() -> TestStore {
    let store = TestStore::start();
    store.block(&format!("mdl.exe; {ITS_PROGRAM}"));
    store.quarter_of_an_hour();
    store
}

/// Asserts what becomes of a client with each buffer.
fn check(store: &TestStore, table: Vec<(&str, Vec<u8>, Verdict)>) {
    let mut client = store.bind();
    for (row, aux_in, expected) in table {
        assert_eq!(store.verdict(&mut client, aux_in), expected, "{row}");
    }
}

#[test]
fn a_listed_program_is_refused_however_its_name_is_wrapped() {
    let mdl = process(2, "mdl.exe");
    let many = [process(2, "OUTLOOK.EXE"), mdl.clone(), process(1, "a.exe")].concat();
    let table = vec![
        ("version 1", plain(&[&process(1, "mdl.exe")])),
        ("version 2", plain(&[&mdl])),
        ("obfuscated", wrapped(OBFUSCATED, &mdl)),
        ("compressed", wrapped(PACKED, &mdl)),
        ("compressed and obfuscated", wrapped(BOTH, &mdl)),
        ("several, compressed", wrapped(BOTH, &many)),
        ("compressed in literals, and so longer", framed(BOTH, &literals(&mdl), mdl.len())),
        ("compressed by another program", COMPRESSED.to_vec()),
        ("that, obfuscated", {
            let obfuscated = COMPRESSED[8..].iter().map(|byte| byte ^ 0xA5);
            let header = [0, 0, 7, 0, 0x66, 0, 0x9C, 0];
            header.into_iter().chain(obfuscated).collect()
        }),
    ];
    let refused = |(row, aux_in)| (row, aux_in, Verdict::Refused);
    check(&listing_store(), table.into_iter().map(refused).collect());
}

#[test]
fn a_listed_program_is_refused_whatever_else_is_odd_in_its_buffer() {
    let mdl = process(2, "mdl.exe");
    let outlook = process(2, "OUTLOOK.EXE");
    let name = utf16("mdl.exe");
    let mut reserved = mdl.clone();
    for at in [6, 7, 26, 27] {
        reserved[at] = 0xFF;
    }
    let table = vec![
        ("missing NUL", plain(&[&process_at(2, 28, &name)])),
        ("odd Size", plain(&[&process_at(2, 28, &[&name[..], &[0, 0, 0]].concat())])),
        (
            "odd Size without a NUL",
            plain(&[&process_at(2, 28, &[&name[..], b"?"].concat()), &outlook]),
        ),
        ("a gap before the name", plain(&[&process_at(2, 31, &[b"gap", &name[..]].concat())])),
        ("upper case with a path", plain(&[&process(2, r"C:\Beta\MDL.EXE")])),
        ("the first of two", plain(&[&mdl, &outlook])),
        ("the second of two", plain(&[&outlook, &mdl])),
        ("behind an unknown type", plain(&[&block(1, 0x52, b"???"), &mdl])),
        ("behind version 3", plain(&[&process(3, "OUTLOOK.EXE"), &mdl])),
        ("behind a report that is cut off", plain(&[&block(1, 0x09, &[1, 0, 2, 0]), &mdl])),
        ("behind a process that is cut off", plain(&[&block(2, 0x0B, &[1, 0]), &mdl])),
        ("before a block without an end", plain(&[&mdl, &[0xFF, 0xFF, 1, 2]])),
        ("before a Size of 0", plain(&[&mdl, &[0; 8]])),
        ("reserved fields set", plain(&[&reserved])),
        ("before bytes behind the payload", [plain(&[&mdl]), vec![1]].concat()),
    ];
    let refused = |(row, aux_in)| (row, aux_in, Verdict::Refused);
    check(&listing_store(), table.into_iter().map(refused).collect());
}

#[test]
fn a_program_whose_name_cannot_be_read_is_admitted_as_unidentified() {
    let mdl = process(2, "mdl.exe");
    let packed = greedy(&mdl, 8192, 300);
    let (size, tail) = (mdl.len(), [utf16("mdl.exe"), vec![0; 2]].concat());
    let mut reaching_back = packed.clone();
    reaching_back[..6].fill(0xFF);
    let mut table = vec![
        ("no buffer", Vec::new()),
        ("no blocks", plain(&[])),
        ("offset 0", plain(&[&process_at(2, 0, &tail)])),
        ("offset into the fixed fields", plain(&[&process_at(2, 8, &tail)])),
        ("offset out of the block", plain(&[&process_at(2, 200, &tail)])),
        ("version 3", plain(&[&process(3, "mdl.exe")])),
        ("cut off", plain(&[&mdl[..20]])),
        ("behind a Size of 0", plain(&[&[0; 4], &mdl])),
        ("not the last header", wrapped(0, &mdl)),
        ("half a header", plain(&[&mdl])[..7].to_vec()),
        ("a header that promises more", plain(&[&mdl])[..40].to_vec()),
        ("a program called nothing", plain(&[&process(2, "")])),
    ];
    for flags in [PACKED, BOTH] {
        table.extend([
            ("a stream cut off", framed(flags, &packed[..packed.len() - 1], size)),
            ("a stream too short", framed(flags, &packed, size + 1)),
            ("a stream too long", framed(flags, &packed, size - 1)),
            ("a stream that reaches back too far", framed(flags, &reaching_back, size)),
            ("no stream", framed(flags, &[], size)),
            ("not compressed at all", framed(flags, &mdl, size)),
            ("a stream of more than 4 KB", framed(flags, &greedy(&[0; 0x1001], 1, 0x2000), 0x1001)),
        ]);
    }
    let unidentified = |(row, aux_in)| (row, aux_in, Verdict::Unidentified);
    check(&listing_store(), table.into_iter().map(unidentified).collect());
}

#[test]
fn a_program_that_is_not_listed_is_admitted_by_its_name() {
    let outlook = process(2, "OUTLOOK.EXE");
    let rows = [("plain", PLAIN), ("compressed", 5), ("obfuscated", 6), ("both", 7)];
    let table = rows.map(|(row, flags)| (row, wrapped(flags, &outlook), Verdict::Identified));
    check(&listing_store(), table.into());
}

/// EcDoRpcExt2 with one payload and one auxiliary buffer, wrapped by hand.
fn ext2(
    client: &mut WireClient,
    handle: [u8; 20],
    rgb_in: Vec<u8>,
    aux_in: Vec<u8>,
) -> EcDoRpcExt2Response {
    let (flags, rgb_out_max, aux_out_max) = (RpcExt2Flags(0), 0x8008, 0x1008);
    let request = EcDoRpcExt2Request { handle, flags, rgb_in, rgb_out_max, aux_in, aux_out_max };
    match client.call(opnum::EC_DO_RPC_EXT2, &request.encode()) {
        Called::Response(stub) => EcDoRpcExt2Response::decode(&stub).expect("a response"),
        fault @ Called::Fault(_) => panic!("{fault:?}"),
    }
}

#[test]
fn compressed_operations_are_executed_and_the_answer_is_not_compressed() {
    let store = listing_store();
    let mut client = store.bind();
    let handle = client.connect(Some("OUTLOOK.EXE")).handle;
    let rops = vec![WireClient::private_logon()];
    let rops = RopBuffer { rops, handles: vec![0xFFFF_FFFF] }.encode();
    for flags in [PACKED, BOTH] {
        let response = ext2(&mut client, handle, wrapped(flags, &rops), Vec::new());
        assert_eq!((response.handle, response.result), (handle, ErrorCode::EC_NONE));
        let [answer] = rgb::decode_rgb_in(&response.rgb_out).unwrap().try_into().unwrap();
        assert_eq!((answer.flags.0, answer.bytes[2]), (6, 0xFE), "a logon, obfuscated alone");
    }
    let broken = framed(PACKED, &[1], rops.len());
    let response = ext2(&mut client, handle, broken, Vec::new());
    assert_eq!((response.handle, response.result), (handle, ErrorCode::EC_RPC_FORMAT));
}

#[test]
fn a_listed_name_that_comes_late_and_compressed_ends_the_session() {
    let store = listing_store();
    for flags in [PACKED, BOTH] {
        let mut client = store.bind();
        let handle = client.connect(Some("OUTLOOK.EXE")).handle;
        let reports = [block(1, 0x01, &[1, 0, 9, 0]), process(2, "mdl.exe")].concat();
        let aux_in = wrapped(flags, &reports);
        let response = ext2(&mut client, handle, wrapped(PLAIN, &[2, 0]), aux_in);
        let refused = (NULL, ErrorCode::EC_CLIENT_VER_DISALLOWED);
        assert_eq!((response.handle, response.result), refused, "{flags}");
    }
}

impl TestStore {
    /// Connects with this `rgbAuxIn`, and disconnects again.
    fn verdict(&self, client: &mut WireClient, aux_in: Vec<u8>) -> Verdict {
        let connected = client.connect_with(aux_in, OUTLOOK_2003);
        if connected.handle == NULL {
            assert_eq!(connected.result, ErrorCode::EC_CLIENT_VER_DISALLOWED);
            return Verdict::Refused;
        }
        assert_eq!(connected.result, ErrorCode::EC_NONE);
        let unidentified = self.read(|view| view.store().counts().unidentified);
        assert_eq!(client.disconnect(connected.handle), closed());
        if unidentified == 0 { Verdict::Identified } else { Verdict::Unidentified }
    }
}
