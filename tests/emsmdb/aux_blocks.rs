//! Auxiliary buffers: who the client says it is.

use emsmdb::aux::{
    AuxBlock, AuxClientControl, AuxError, AuxOsVersionInfo, AuxPerfClientInfo, AuxPerfProcessInfo,
    AuxPerfSessionInfo, AuxReading, AuxType, BLOCKS_MAX, BLOCKS_SIZE_MAX, ClientMode,
    ServerAuxBlock, SkippedBlock, decode_aux, decode_blocks, encode_aux, encode_blocks,
    encode_server_aux,
};
use emsmdb::header_ext::{HeaderExtError, HeaderFlags};
use emsmdb::lz77::Lz77Error;

use super::{direct2, hex, utf16, vector};

const GUID: [u8; 16] =
    [0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 0x88, 0x77, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0];

/// The version 1 block of `mdl.exe`.
const MDL: &str = "2c00010b 01000000 44332211 66558877 99aabbcc ddeeff00 1c000000 6d006400
    6c002e00 65007800 65000000";

/// `rgbAuxIn` with the block of `OUTLOOK.EXE`, obfuscated.
const OUTLOOK_XOR: &str = "00000600 34003400 91a5a7ae a4a5a5a5 e19687b4 c3f02dd2 3c0f1e69 784b5aa5
    b9a5a5a5 eaa5f0a5 f1a5e9a5 eaa5eaa5 eea58ba5 e0a5fda5 e0a5a5a5";

fn process(version: u8, name: &str) -> AuxPerfProcessInfo {
    AuxPerfProcessInfo { version, process_id: 1, process_guid: GUID, name: Some(utf16(name)) }
}

/// A PROCESSINFO block with these last bytes, its Size and its name's offset as given.
fn raw_process(size: u16, name_offset: u16, tail: &[u8]) -> Vec<u8> {
    let mut block = size.to_le_bytes().to_vec();
    block.extend([2, 0x0B, 1, 0, 0, 0]);
    block.extend(GUID);
    block.extend(name_offset.to_le_bytes());
    block.extend([0, 0]);
    block.extend(tail);
    block
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let size = u16::try_from(payload.len()).unwrap().to_le_bytes();
    [hex("00000400").as_slice(), &size, &size, payload].concat()
}

fn names(reading: &AuxReading) -> Vec<Option<String>> {
    reading.processes().map(AuxPerfProcessInfo::name_lossy).collect()
}

#[test]
fn the_three_blocks_of_the_vector_hold_the_documented_values() {
    let reading = decode_blocks(vector!("aux"));
    let client = AuxPerfClientInfo {
        adapter_speed_kbit: 100_000,
        client_id: 1,
        machine_name: Some(utf16("WKS1")),
        user_name: Some(utf16("jane")),
        client_ip: vec![10, 0, 0, 2],
        client_ip_mask: vec![255, 255, 255, 0],
        adapter_name: Some(utf16("NIC")),
        mac_address: vec![0, 0x11, 0x22, 0x33, 0x44, 0x55],
        client_mode: ClientMode::CACHED,
    };
    let session = AuxPerfSessionInfo {
        session_id: 1,
        session_guid: hex("a3a2a1a0a5a4a7a6a8a9aaabacadaeaf").try_into().unwrap(),
        connection_id: Some(1),
    };
    let expected = [
        AuxBlock::ClientInfo(client),
        AuxBlock::ProcessInfo(process(2, "OUTLOOK.EXE")),
        AuxBlock::SessionInfo(session),
    ];
    assert_eq!(reading.blocks, expected);
    assert_eq!(reading.problem, None);
    assert_eq!(encode_blocks(&reading.blocks), vector!("aux"));
}

#[test]
fn process_blocks_of_both_versions_are_read_and_written() {
    let table = [
        ("version 2", vector!("procinfo").to_vec(), process(2, "OUTLOOK.EXE")),
        ("version 1", hex(MDL), process(1, "mdl.exe")),
    ];
    for (row, payload, expected) in table {
        let blocks = [AuxBlock::ProcessInfo(expected)];
        assert_eq!(decode_blocks(&payload).blocks, blocks, "{row}");
        assert_eq!(encode_blocks(&blocks), payload, "{row}");
    }
}

#[test]
fn an_obfuscated_buffer_reads_like_a_plain_one() {
    let block = AuxBlock::ProcessInfo(process(2, "OUTLOOK.EXE"));
    let table = [
        ("plain", framed(vector!("procinfo")), HeaderFlags::default()),
        ("obfuscated", hex(OUTLOOK_XOR), HeaderFlags::XOR_MAGIC),
    ];
    for (row, buffer, flags) in table {
        let expected = AuxReading { blocks: vec![block.clone()], problem: None };
        assert_eq!(decode_aux(&buffer), expected, "{row}");
        assert_eq!(encode_aux(std::slice::from_ref(&block), flags), buffer, "{row}");
    }
}

#[test]
fn a_compressed_buffer_reads_like_a_plain_one() {
    let reading = decode_aux(vector!("aux_compressed"));
    let name = format!("{}.exe", "VeryLongMapiClientProcessName".repeat(2));
    assert_eq!(reading.blocks, [AuxBlock::ProcessInfo(process(2, &name))]);
    assert_eq!(reading.problem, None);
    let payload = vector!("aux");
    for packed in [direct2::greedy(payload, 8192, 300), direct2::literals(payload)] {
        for flags in [5, 7] {
            let buffer = direct2::framed(flags, &packed, payload.len());
            assert_eq!(decode_aux(&buffer), decode_blocks(payload), "{flags}");
        }
    }
}

#[test]
fn problems_behind_a_compressed_header_are_where_they_would_be_in_clear() {
    let payload = [hex(MDL), hex("0000 01 0b")].concat();
    let buffer = direct2::framed(5, &direct2::literals(&payload), payload.len());
    assert_eq!(decode_aux(&buffer), decode_aux(&framed(&payload)));
    let trailing = HeaderExtError::TrailingBytes { offset: 110, length: 2 };
    let buffer = [vector!("aux_compressed"), &[0; 2]].concat();
    assert_eq!(decode_aux(&buffer).problem, Some(AuxError::Header(trailing)));
}

#[test]
fn names_that_are_odd_in_some_way_are_read_as_documented() {
    let outlook: Vec<u8> = utf16("a.exe").iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let table: [(&str, Vec<u8>, Option<&str>); 6] = [
        ("offset 0", raw_process(28, 0, &[]), None),
        ("missing NUL", raw_process(38, 28, &outlook), Some("a.exe")),
        ("odd Size", raw_process(39, 28, &[&outlook[..], b"?"].concat()), Some("a.exe")),
        ("empty name", raw_process(30, 28, &[0, 0]), Some("")),
        ("name after a gap", raw_process(42, 32, &[b"gap!", &outlook[..]].concat()), Some("a.exe")),
        ("unpaired surrogate", raw_process(32, 28, &[0, 0xD8, 0, 0]), Some("\u{FFFD}")),
    ];
    for (row, payload, name) in table {
        let reading = decode_blocks(&payload);
        assert_eq!(names(&reading), [name.map(str::to_owned)], "{row}");
        assert_eq!(reading.problem, None, "{row}");
    }
}

#[test]
fn a_name_outside_its_block_is_absent_and_noted() {
    for offset in [30, 31, 0x1000, u16::MAX] {
        let payload = [raw_process(30, offset, &[0, 0]), vector!("procinfo").to_vec()].concat();
        let reading = decode_aux(&framed(&payload));
        assert_eq!(names(&reading), [None, Some("OUTLOOK.EXE".to_owned())], "{offset}");
        let problem = AuxError::OutOfBlock {
            structure: "AUX_PERF_PROCESSINFO",
            field: "ProcessName",
            offset: 8 + usize::from(offset),
            end: 38,
        };
        assert_eq!(reading.problem, Some(problem), "{offset}");
    }
}

#[test]
fn every_process_block_counts_and_unknown_blocks_are_stepped_over() {
    let unknown = hex("0700 01 52 aabbcc");
    let mut newer_version = raw_process(28, 0, &[]);
    newer_version[2] = 3;
    let payload = [unknown, hex(MDL), newer_version, vector!("procinfo").to_vec()].concat();
    let reading = decode_aux(&framed(&payload));
    let expected = [Some("mdl.exe".to_owned()), Some("OUTLOOK.EXE".to_owned())];
    assert_eq!(names(&reading), expected);
    assert_eq!(reading.problem, None);
    let unknown = SkippedBlock { block_type: AuxType(0x52), version: 1, size: 7 };
    assert_eq!(reading.blocks[0], AuxBlock::Skipped(unknown));
    let newer = SkippedBlock { block_type: AuxType::PROCESS_INFO, version: 3, size: 28 };
    assert_eq!(reading.blocks[2], AuxBlock::Skipped(newer));
}

#[test]
fn a_bad_block_size_stops_the_reading_and_keeps_what_came_before() {
    let tails = [
        ("Size 0", hex("0000 01 0b"), "AUX_HEADER at offset 52: Size is 0"),
        ("Size 3", hex("0300 01 0b"), "AUX_HEADER at offset 52: Size is 3"),
        ("past the end", hex("0500 01 0b"), "AUX_HEADER at offset 52: Size is 5, 4 bytes left"),
        ("half a header", hex("0000"), "AUX_HEADER: Version at offset 54"),
    ];
    for (row, tail, says) in tails {
        let reading = decode_aux(&framed(&[hex(MDL), tail].concat()));
        assert_eq!(names(&reading), [Some("mdl.exe".to_owned())], "{row}");
        let problem = reading.problem.expect(row).to_string();
        assert!(problem.starts_with(says), "{row}: {problem}");
    }
}

#[test]
fn a_known_block_without_its_fixed_fields_is_noted_and_hides_no_other() {
    let table = [
        ("process", hex("1000 02 0b 0100 0000 44332211 66558877"), "ProcessGuid at offset 60"),
        ("client", hex("0800 01 02 a0860100"), "ClientID at offset 60"),
        ("session", hex("0600 01 04 0100"), "Reserved at offset 58"),
        (
            "session without its connection",
            hex("18000204 01000000 a3a2a1a0a5a4a7a6a8a9aaabacadaeaf"),
            "AUX_PERF_SESSIONINFO_V2: ConnectionID at offset 76",
        ),
    ];
    for (row, block, says) in table {
        let payload = [hex(MDL), block, vector!("procinfo").to_vec()].concat();
        let reading = decode_aux(&framed(&payload));
        let both = ["mdl.exe", "OUTLOOK.EXE"].map(|name| Some(name.to_owned()));
        assert_eq!(names(&reading), both, "{row}");
        let problem = reading.problem.expect(row).to_string();
        assert!(problem.contains(says), "{row}: {problem}");
    }
}

#[test]
fn a_buffer_that_cannot_be_unpacked_has_no_blocks() {
    let good = framed(vector!("procinfo"));
    let patched = |offset: usize, value: u8| {
        let mut buffer = good.clone();
        buffer[offset] = value;
        buffer
    };
    let version = HeaderExtError::Version { offset: 0, version: 1 };
    let sizes = HeaderExtError::SizeActual { offset: 0, size: 0x34, size_actual: 0x35 };
    let error = Lz77Error::Distance { offset: 8, distance: 1641, produced: 4 };
    let broken = HeaderExtError::Compressed { offset: 0, error };
    let (size, max) = (0x1001, BLOCKS_SIZE_MAX);
    let too_long = HeaderExtError::PayloadTooLong { offset: 0, size, max };
    let packed = direct2::greedy(&[0; 0x1001], 1, 0x1001);
    let table = [
        ("version", patched(0, 1), version),
        ("not really compressed", patched(2, 5), broken),
        ("above 4 KB", framed(&[0; 0x1001]), too_long),
        ("above 4 KB compressed", direct2::framed(5, &packed, 0x1001), too_long),
        ("not the last", patched(2, 0), HeaderExtError::NotLast { offset: 0 }),
        ("sizes that differ", patched(6, 0x35), sizes),
    ];
    for (row, buffer, error) in table {
        let expected = AuxReading { blocks: Vec::new(), problem: Some(AuxError::Header(error)) };
        assert_eq!(decode_aux(&buffer), expected, "{row}");
    }
}

#[test]
fn every_cut_of_a_buffer_leaves_no_blocks_and_says_where_it_ends() {
    let buffer = framed(vector!("aux"));
    for length in 1..buffer.len() {
        let reading = decode_aux(&buffer[..length]);
        assert!(reading.blocks.is_empty(), "{length}");
        let Some(AuxError::Header(HeaderExtError::Truncated(error))) = reading.problem else {
            panic!("{length}: {:?}", reading.problem)
        };
        assert!(error.offset + error.available == length, "{length}: {error}");
    }
}

#[test]
fn an_empty_buffer_is_no_problem() {
    assert_eq!(decode_aux(&[]), AuxReading::default());
    assert_eq!(decode_aux(&hex("0000040000000000")), AuxReading::default());
}

#[test]
fn bytes_after_the_payload_are_noted_and_take_nothing_away() {
    let buffer = [framed(vector!("procinfo")), vec![0; 3]].concat();
    let reading = decode_aux(&buffer);
    assert_eq!(names(&reading), [Some("OUTLOOK.EXE".to_owned())]);
    let trailing = HeaderExtError::TrailingBytes { offset: 60, length: 3 };
    assert_eq!(reading.problem, Some(AuxError::Header(trailing)));
}

#[test]
fn the_number_of_blocks_is_limited() {
    let empty = hex("0400 01 52");
    assert_eq!(decode_blocks(&empty.repeat(BLOCKS_MAX)).problem, None);
    let reading = decode_blocks(&empty.repeat(BLOCKS_MAX + 1));
    assert_eq!(reading.blocks.len(), BLOCKS_MAX);
    assert_eq!(reading.problem, Some(AuxError::TooManyBlocks { offset: 4 * BLOCKS_MAX }));
}

#[test]
fn octets_outside_the_client_block_are_absent_and_noted() {
    let mut payload = vector!("aux").to_vec();
    payload[0x18] = 9;
    let reading = decode_blocks(&payload);
    let AuxBlock::ClientInfo(client) = &reading.blocks[0] else { panic!("no client") };
    assert!(client.mac_address.is_empty());
    assert_eq!(client.machine_name, Some(utf16("WKS1")));
    let problem = AuxError::OutOfBlock {
        structure: "AUX_PERF_CLIENTINFO",
        field: "MacAddress",
        offset: 0x44,
        end: 0x4C,
    };
    assert_eq!(reading.problem, Some(problem));
}

#[test]
fn a_server_sends_as_many_blocks_as_the_client_takes() {
    let control = AuxClientControl { enable_flags: 0x0C, expiry_time_ms: 0x0526_5C00 };
    let blocks = [
        ServerAuxBlock::ClientControl(control),
        ServerAuxBlock::OsVersionInfo(AuxOsVersionInfo::WINDOWS_SERVER_2003_SP1),
    ];
    for (max, length) in [(0, 0), (19, 0), (20, 20), (179, 20), (180, 180), (0x1008, 180)] {
        let buffer = encode_server_aux(&blocks, max, HeaderFlags::default());
        assert_eq!(buffer.len(), length, "{max}");
    }
    let buffer = encode_server_aux(&blocks, 0x1008, HeaderFlags::default());
    assert_eq!(buffer[..20], hex("00000400 ac00ac00 0c00010a 0c000000 005c2605"));
    assert_eq!(buffer[20..40], hex("a0000116 9c000000 05000000 02000000 ce0e0000"));
    assert_eq!(buffer[40..172], [0; 132]);
    assert_eq!(buffer[172..], hex("0100 0000 00000000"));
}

#[test]
fn a_client_reads_what_the_server_sends() {
    let version = AuxOsVersionInfo::WINDOWS_SERVER_2003_SP1;
    let blocks = [ServerAuxBlock::OsVersionInfo(version)];
    let reading = decode_aux(&encode_server_aux(&blocks, 0x1008, HeaderFlags::XOR_MAGIC));
    assert_eq!(reading.blocks, [AuxBlock::OsVersionInfo(version)]);
    assert_eq!(reading.problem, None);
}
