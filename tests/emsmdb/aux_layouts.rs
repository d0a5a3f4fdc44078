//! Every block's layout: bytes laid out by hand from the tables of [MS-OXCRPC] 2.2.2.2.1 to 2.2.2.2.23, not by our encoder.
//!
//! No two fields of a row have equal values, so that none can stand in for another. Where a row says `--`, a byte is
//! reserved: whatever it holds when read, zero when written.

use emsmdb::ErrorCode;
use emsmdb::aux::{
    AuxBlock, AuxClientConnectionInfo, AuxClientControl, AuxEndpointCapabilities, AuxExOrgInfo,
    AuxExceptionTrace, AuxOsVersionInfo, AuxPerfAccountInfo, AuxPerfClientInfo,
    AuxPerfDefGcSuccess, AuxPerfDefMdbSuccess, AuxPerfFailure, AuxPerfGcSuccess, AuxPerfMdbSuccess,
    AuxPerfProcessInfo, AuxPerfRequestId, AuxPerfServerInfo, AuxPerfSessionInfo,
    AuxProtocolDeviceIdentification, AuxReading, AuxServerCapabilities, AuxServerSessionInfo,
    AuxType, ClientMode, Ground, ServerType, SkippedBlock, decode_blocks, encode_blocks,
};

use super::{hex, utf16};

/// A block of each layout: its name, its bytes, and what they mean.
pub(crate) fn layouts() -> Vec<(&'static str, &'static str, AuxBlock)> {
    [names_of_things(), successes(), failures(), of_servers(), of_later_products()].concat()
}

fn names_of_things() -> Vec<(&'static str, &'static str, AuxBlock)> {
    let guid = *b"GUIDguidGUIDguid";
    vec![
        (
            "AUX_PERF_REQUESTID",
            "0800 01 01  0201 0403",
            AuxBlock::RequestId(AuxPerfRequestId { session_id: 0x0102, request_id: 0x0304 }),
        ),
        (
            "AUX_PERF_CLIENTINFO",
            "3c00 01 02  04030201 0605 2000 2400 0400 2800 0300 2c00 2f00 0600 3300 0200 ----
             6d000000 75000000 0a000002 ffff00 61000000 001122334455 00 0000",
            AuxBlock::ClientInfo(AuxPerfClientInfo {
                adapter_speed_kbit: 0x0102_0304,
                client_id: 0x0506,
                machine_name: Some(utf16("m")),
                user_name: Some(utf16("u")),
                client_ip: vec![10, 0, 0, 2],
                client_ip_mask: vec![255, 255, 0],
                adapter_name: Some(utf16("a")),
                mac_address: vec![0, 0x11, 0x22, 0x33, 0x44, 0x55],
                client_mode: ClientMode::CACHED,
            }),
        ),
        (
            "AUX_PERF_SERVERINFO",
            "1800 01 03  0201 0300 0c00 1400  2f006f003d000000 530000 00",
            AuxBlock::ServerInfo(AuxPerfServerInfo {
                server_id: 0x0102,
                server_type: ServerType::DIRECTORY,
                server_dn: Some(utf16("/o=")),
                server_name: Some(utf16("S")),
            }),
        ),
        (
            "AUX_PERF_SESSIONINFO",
            "1800 01 04  0201 ---- 47554944677569644755494467756964",
            AuxBlock::SessionInfo(AuxPerfSessionInfo {
                session_id: 0x0102,
                session_guid: guid,
                connection_id: None,
            }),
        ),
        (
            "AUX_PERF_SESSIONINFO_V2",
            "1c00 02 04  0201 ---- 47554944677569644755494467756964 06050403",
            AuxBlock::SessionInfo(AuxPerfSessionInfo {
                session_id: 0x0102,
                session_guid: guid,
                connection_id: Some(0x0304_0506),
            }),
        ),
        (
            "AUX_PERF_PROCESSINFO of version 1",
            "2000 01 0b  0201 ---- 47554944677569644755494467756964 1c00 ----  70000000",
            AuxBlock::ProcessInfo(AuxPerfProcessInfo {
                version: 1,
                process_id: 0x0102,
                process_guid: guid,
                name: Some(utf16("p")),
            }),
        ),
        (
            "AUX_PERF_PROCESSINFO of version 2",
            "1c00 02 0b  0201 ---- 47554944677569644755494467756964 0000 ----",
            AuxBlock::ProcessInfo(AuxPerfProcessInfo {
                version: 2,
                process_id: 0x0102,
                process_guid: guid,
                name: None,
            }),
        ),
        (
            "AUX_PERF_ACCOUNTINFO",
            "1800 01 18  0201 ---- 47554944677569644755494467756964",
            AuxBlock::AccountInfo(AuxPerfAccountInfo { client_id: 0x0102, account: guid }),
        ),
    ]
}

fn successes() -> Vec<(&'static str, &'static str, AuxBlock)> {
    let mdb = AuxPerfMdbSuccess {
        ground: Ground::Unstated,
        process_id: None,
        client_id: 0x0102,
        server_id: 0x0304,
        session_id: 0x0506,
        request_id: 0x0708,
        time_since_request_ms: 0x090A_0B0C,
        time_to_complete_ms: 0x0D0E_0F10,
    };
    let gc = AuxPerfGcSuccess {
        ground: Ground::Unstated,
        process_id: None,
        client_id: 0x0102,
        server_id: 0x0304,
        session_id: 0x0506,
        time_since_request_ms: 0x090A_0B0C,
        time_to_complete_ms: 0x0D0E_0F10,
        request_operation: 0x11,
    };
    vec![
        (
            "AUX_PERF_DEFMDB_SUCCESS",
            "1000 01 05  04030201 08070605 0a09 ----",
            AuxBlock::DefMdbSuccess(AuxPerfDefMdbSuccess {
                ground: Ground::Unstated,
                time_since_request_ms: 0x0102_0304,
                time_to_complete_ms: 0x0506_0708,
                request_id: 0x090A,
            }),
        ),
        (
            "AUX_PERF_DEFGC_SUCCESS",
            "1400 01 06  0201 0403 08070605 0c0b0a09 0d ------",
            AuxBlock::DefGcSuccess(AuxPerfDefGcSuccess {
                ground: Ground::Unstated,
                server_id: 0x0102,
                session_id: 0x0304,
                time_since_request_ms: 0x0506_0708,
                time_to_complete_ms: 0x090A_0B0C,
                request_operation: 0x0D,
            }),
        ),
        (
            "AUX_PERF_MDB_SUCCESS",
            "1400 01 07  0201 0403 0605 0807 0c0b0a09 100f0e0d",
            AuxBlock::MdbSuccess(mdb),
        ),
        (
            "AUX_PERF_MDB_SUCCESS_V2",
            "1800 02 07  3412 0201 0403 0605 0807 ---- 0c0b0a09 100f0e0d",
            AuxBlock::MdbSuccess(AuxPerfMdbSuccess { process_id: Some(0x1234), ..mdb }),
        ),
        (
            "AUX_PERF_GC_SUCCESS",
            "1800 01 08  0201 0403 0605 ---- 0c0b0a09 100f0e0d 11 ------",
            AuxBlock::GcSuccess(gc),
        ),
        (
            "AUX_PERF_GC_SUCCESS_V2",
            "1800 02 08  3412 0201 0403 0605 0c0b0a09 100f0e0d 11 ------",
            AuxBlock::GcSuccess(AuxPerfGcSuccess { process_id: Some(0x1234), ..gc }),
        ),
    ]
}

fn failures() -> Vec<(&'static str, &'static str, AuxBlock)> {
    let failure = AuxPerfFailure {
        ground: Ground::Unstated,
        process_id: None,
        client_id: 0x0102,
        server_id: 0x0304,
        session_id: 0x0506,
        request_id: 0x0708,
        time_since_request_ms: 0x090A_0B0C,
        time_to_fail_ms: 0x0D0E_0F10,
        result_code: ErrorCode::EC_CLIENT_VER_DISALLOWED,
        request_operation: 0x11,
    };
    vec![
        (
            "AUX_PERF_FAILURE",
            "1c00 01 09  0201 0403 0605 0807 0c0b0a09 100f0e0d df040000 11 ------",
            AuxBlock::Failure(failure),
        ),
        (
            "AUX_PERF_FAILURE_V2",
            "2000 02 09  3412 0201 0403 0605 0807 ---- 0c0b0a09 100f0e0d df040000 11 ------",
            AuxBlock::Failure(AuxPerfFailure { process_id: Some(0x1234), ..failure }),
        ),
    ]
}

fn of_servers() -> Vec<(&'static str, &'static str, AuxBlock)> {
    vec![
        (
            "AUX_CLIENT_CONTROL",
            "0c00 01 0a  0c000000 005c2605",
            AuxBlock::ClientControl(AuxClientControl {
                enable_flags: 0x0C,
                expiry_time_ms: 0x0526_5C00,
            }),
        ),
        (
            "AUX_EXORGINFO",
            "0800 01 17  03000000",
            AuxBlock::ExOrgInfo(AuxExOrgInfo { org_flags: 3 }),
        ),
        (
            "AUX_SERVER_CAPABILITIES",
            "0800 01 46  0b000000",
            AuxBlock::ServerCapabilities(AuxServerCapabilities { server_capability_flags: 11 }),
        ),
        (
            "AUX_ENDPOINT_CAPABILITIES",
            "0800 01 48  01000000",
            AuxBlock::EndpointCapabilities(AuxEndpointCapabilities { endpoint_capability_flag: 1 }),
        ),
        (
            "AUX_SERVER_SESSION_INFO",
            "0c00 01 4b  0600  4500580000 00",
            AuxBlock::ServerSessionInfo(AuxServerSessionInfo {
                server_session_context_info: Some(utf16("EX")),
            }),
        ),
    ]
}

fn of_later_products() -> Vec<(&'static str, &'static str, AuxBlock)> {
    vec![
        (
            "AUX_EXCEPTION_TRACE",
            "0700 01 49  010203",
            AuxBlock::ExceptionTrace(AuxExceptionTrace { body: vec![1, 2, 3] }),
        ),
        (
            "AUX_CLIENT_CONNECTION_INFO",
            "2800 01 4a  47554944677569644755494467756964 2000 ---- 04030201 01000000  63007400780000 00",
            AuxBlock::ClientConnectionInfo(AuxClientConnectionInfo {
                connection_guid: *b"GUIDguidGUIDguid",
                connection_context_info: Some(utf16("ctx")),
                connection_attempts: 0x0102_0304,
                connection_flags: 1,
            }),
        ),
        (
            "AUX_PROTOCOL_DEVICE_IDENTIFICATION",
            "2400 01 4e  0e00 1200 1600 1a00 1e00  61000000 62000000 63000000 64000000 65000000 0000",
            AuxBlock::ProtocolDeviceIdentification(AuxProtocolDeviceIdentification {
                manufacturer: Some(utf16("a")),
                model: Some(utf16("b")),
                serial_number: Some(utf16("c")),
                version: Some(utf16("d")),
                firmware_version: Some(utf16("e")),
            }),
        ),
    ]
}

/// The bytes of a layout whose reserved ones are `value`.
pub(crate) fn reserved_as(digits: &str, value: &str) -> Vec<u8> {
    hex(&digits.replace("--", value))
}

fn alone(block: AuxBlock) -> AuxReading {
    AuxReading { blocks: vec![block], problem: None }
}

#[test]
fn every_layout_is_read_and_written_as_the_tables_have_it() {
    for (row, digits, block) in layouts() {
        let bytes = reserved_as(digits, "00");
        assert_eq!(usize::from(bytes[0]), bytes.len(), "{row}: Size");
        assert_eq!(decode_blocks(&bytes), alone(block.clone()), "{row}");
        assert_eq!(encode_blocks(&[block]), bytes, "{row}");
    }
}

#[test]
fn reserved_fields_change_nothing() {
    for (row, digits, block) in layouts() {
        assert_eq!(decode_blocks(&reserved_as(digits, "ff")), alone(block), "{row}");
    }
}

#[test]
fn the_systems_block_has_132_reserved_bytes() {
    let [head, tail] = ["a000 01 16  9c000000 05000000 02000000 ce0e0000", "0300 0100 --------"];
    let version = AuxOsVersionInfo {
        major: 5,
        minor: 2,
        build: 3790,
        service_pack_major: 3,
        service_pack_minor: 1,
    };
    let digits = format!("{head} {} {tail}", "--".repeat(132));
    for reserved in ["00", "ff"] {
        let bytes = reserved_as(&digits, reserved);
        assert_eq!(decode_blocks(&bytes), alone(AuxBlock::OsVersionInfo(version)), "{reserved}");
    }
    let bytes = reserved_as(&digits, "00");
    assert_eq!(encode_blocks(&[AuxBlock::OsVersionInfo(version)]), bytes);
}

/// Sets the ground of a report, which no other block has.
fn on_ground(block: &AuxBlock, ground: Ground) -> Option<AuxBlock> {
    Some(match *block {
        AuxBlock::DefMdbSuccess(report) => {
            AuxBlock::DefMdbSuccess(AuxPerfDefMdbSuccess { ground, ..report })
        }
        AuxBlock::DefGcSuccess(report) => {
            AuxBlock::DefGcSuccess(AuxPerfDefGcSuccess { ground, ..report })
        }
        AuxBlock::MdbSuccess(report) => {
            AuxBlock::MdbSuccess(AuxPerfMdbSuccess { ground, ..report })
        }
        AuxBlock::GcSuccess(report) => AuxBlock::GcSuccess(AuxPerfGcSuccess { ground, ..report }),
        AuxBlock::Failure(report) => AuxBlock::Failure(AuxPerfFailure { ground, ..report }),
        _ => return None,
    })
}

#[test]
fn reports_from_the_background_and_the_foreground_have_types_of_their_own() {
    let table = [
        (0x05, 0x0C, 0x11),
        (0x06, 0x0D, 0x12),
        (0x07, 0x0E, 0x13),
        (0x08, 0x0F, 0x14),
        (0x09, 0x10, 0x15),
    ];
    let mut seen = 0;
    for (row, digits, block) in layouts() {
        let mut bytes = reserved_as(digits, "00");
        let siblings = table.iter().find(|(plain, ..)| *plain == bytes[3]);
        let Some((_, background, foreground)) = siblings else {
            assert_eq!(on_ground(&block, Ground::Background), None, "{row}");
            continue;
        };
        for (block_type, ground) in
            [(*background, Ground::Background), (*foreground, Ground::Foreground)]
        {
            bytes[3] = block_type;
            let block = on_ground(&block, ground).expect(row);
            assert_eq!(decode_blocks(&bytes), alone(block.clone()), "{row}");
            assert_eq!(encode_blocks(&[block]), bytes, "{row}");
            seen += 1;
        }
    }
    assert_eq!(seen, 16, "five types, three of them in two versions, on two grounds");
}

/// Each block that has no more in it than its fixed fields, as long as those.
fn fixed_fields(digits: &str) -> Vec<u8> {
    let fixed = digits.splitn(3, "  ").take(2).collect::<Vec<_>>().join(" ");
    let mut bytes = reserved_as(&fixed, "00");
    bytes[0] = bytes.len() as u8;
    bytes
}

#[test]
fn a_block_cut_anywhere_is_skipped_and_the_next_is_read() {
    let process = hex("1c00 02 0b 0100 0000 47554944677569644755494467756964 0000 0000");
    for (row, digits, block) in layouts() {
        if matches!(block, AuxBlock::ExceptionTrace(_)) {
            continue;
        }
        let fixed = fixed_fields(digits);
        for length in 4..fixed.len() {
            let mut cut = fixed[..length].to_vec();
            cut[0] = length as u8;
            let reading = decode_blocks(&[cut, process.clone()].concat());
            let (block_type, version) = (AuxType(fixed[3]), fixed[2]);
            let skipped = SkippedBlock { block_type, version, size: length as u16 };
            assert_eq!(reading.blocks[0], AuxBlock::Skipped(skipped), "{row} cut to {length}");
            assert_eq!(reading.processes().count(), 1, "{row} cut to {length}");
            let problem = reading.problem.expect(row).to_string();
            let structure = row.split(' ').next().unwrap();
            assert!(problem.starts_with(&format!("{structure}: ")), "{row}: {problem}");
            assert!(problem.ends_with("left"), "{row}: {problem}");
        }
        let reading = decode_blocks(&[fixed, process.clone()].concat());
        assert!(!matches!(reading.blocks[0], AuxBlock::Skipped(_)), "{row}: enough is enough");
    }
}

#[test]
fn bytes_behind_the_last_field_are_nobodys() {
    for (row, digits, block) in layouts() {
        let mut bytes = reserved_as(digits, "00");
        bytes.extend([0xEE; 3]);
        bytes[0] += 3;
        if !matches!(block, AuxBlock::ExceptionTrace(_)) {
            assert_eq!(decode_blocks(&bytes), alone(block), "{row}");
        }
    }
}

#[test]
fn types_and_versions_that_nobody_describes_are_skipped_by_their_size() {
    let table = [
        ("unknown type", "0600 01 43 ffff", 0x43, 1),
        ("another", "0500 01 52 ff", 0x52, 1),
        ("version 0", "0800 00 01 01000200", 0x01, 0),
        ("version 2 of what has one", "0800 02 01 01000200", 0x01, 2),
        ("version 2 in the background", "1000 02 0c 01000000 02000000 03000000", 0x0C, 2),
        ("version 3", "1c00 03 0b 01000000 4433221166558877 99aabbccddeeff00 00000000", 0x0B, 3),
    ];
    for (row, digits, block_type, version) in table {
        let bytes = hex(digits);
        let size = bytes.len() as u16;
        let skipped = SkippedBlock { block_type: AuxType(block_type), version, size };
        assert_eq!(decode_blocks(&bytes), alone(AuxBlock::Skipped(skipped)), "{row}");
    }
    let skipped = SkippedBlock { block_type: AuxType::PROCESS_INFO, version: 3, size: 28 };
    assert_eq!(skipped.to_string(), "type 0x0B, version 3, 28 bytes");
}

#[test]
fn a_field_that_lies_where_none_may_is_absent_and_noted() {
    let (dn, name) = (Some(utf16("/o=")), Some(utf16("S")));
    let table = [
        (
            "dn in the header",
            "0100 1400",
            None,
            name.clone(),
            "ServerDN at offset 1: fixed fields end at 12",
        ),
        ("dn in the fixed fields", "0b00 1400", None, name.clone(), "ServerDN at offset 11: fixed"),
        (
            "name on the dn",
            "0c00 0e00",
            dn.clone(),
            None,
            "ServerName at offset 14: lies on another field",
        ),
        (
            "both on one",
            "0c00 0c00",
            dn.clone(),
            None,
            "ServerName at offset 12: lies on another field",
        ),
        (
            "name at the end",
            "0c00 1800",
            dn.clone(),
            None,
            "ServerName at offset 24: block ends at 24",
        ),
        ("name behind it", "0c00 ffff", dn, None, "ServerName at offset 65535: block ends at 24"),
        ("name first", "1400 0c00", name, Some(utf16("/o=")), ""),
    ];
    for (row, offsets, dn, name, says) in table {
        let bytes = hex(&format!("1800 01 03 0201 0300 {offsets} 2f006f003d000000 53000000"));
        let reading = decode_blocks(&bytes);
        let AuxBlock::ServerInfo(server) = &reading.blocks[0] else { panic!("{row}") };
        assert_eq!((&server.server_dn, &server.server_name), (&dn, &name), "{row}");
        let problem = reading.problem.map(|problem| problem.to_string()).unwrap_or_default();
        let expected = if says.is_empty() { "" } else { "AUX_PERF_SERVERINFO: " };
        assert!(problem.starts_with(&format!("{expected}{says}")), "{row}: {problem}");
    }
}
