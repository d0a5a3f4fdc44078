//! The NDR reader and writer that all stubs go through.

use dcerpc::ndr::{ConformantVarying, NdrError, NdrErrorKind, NdrReader, NdrWriter};

use super::hex;

fn reader(stub: &[u8]) -> NdrReader<'_> {
    NdrReader::new("Test", stub)
}

#[test]
fn integers_are_aligned_to_their_size_from_the_start_of_the_stub() {
    let mut writer = NdrWriter::new();
    writer.u8(1);
    writer.u16(2);
    writer.u8(3);
    writer.u32(4);
    writer.u8(5);
    writer.u64(6);
    let stub = writer.finish();
    assert_eq!(stub, hex("01 00 0200 03 000000 04000000 05 000000 0600000000000000"));
    let mut reader = reader(&stub);
    assert_eq!(reader.u8("a"), Ok(1));
    assert_eq!(reader.u16("b"), Ok(2));
    assert_eq!(reader.u8("c"), Ok(3));
    assert_eq!(reader.u32("d"), Ok(4));
    assert_eq!(reader.u8("e"), Ok(5));
    assert_eq!(reader.u64("f"), Ok(6));
}

#[test]
fn padding_of_any_value_is_skipped() {
    let stub = hex("01 bfbfbf 04000000");
    let mut reader = reader(&stub);
    assert_eq!((reader.u8("a"), reader.u32("b")), (Ok(1), Ok(4)));
}

#[test]
fn handles_are_aligned_to_four() {
    let mut writer = NdrWriter::new();
    writer.u8(1);
    writer.context_handle(&[7; 20]);
    let stub = writer.finish();
    assert_eq!(stub.len(), 24);
    let mut reader = reader(&stub);
    reader.u8("a").unwrap();
    assert_eq!(reader.context_handle("pcxh"), Ok([7; 20]));
}

#[test]
fn referent_ids_are_numbered_and_zero_is_null() {
    let mut writer = NdrWriter::new();
    for present in [true, false, true] {
        writer.unique_pointer(present);
    }
    let stub = writer.finish();
    assert_eq!(stub, hex("00000200 00000000 04000200"));
    let mut reader = reader(&stub);
    assert_eq!(reader.unique_pointer("a"), Ok(true));
    assert_eq!(reader.unique_pointer("b"), Ok(false));
}

#[test]
fn an_embedded_nul_ends_a_string_and_the_whole_array_is_consumed() {
    let stub = hex("04000000 00000000 04000000 61006200 63000000");
    let mut reader = reader(&stub);
    assert_eq!(reader.conformant_varying_string("s", 10), Ok(b"a".as_slice()));
    assert_eq!(reader.offset(), 16);
}

#[test]
fn a_sender_may_have_more_room_than_it_uses() {
    let stub = hex("ff7f0000 00000000 02000000 6162");
    let array = reader(&stub).conformant_varying_bytes("rgb", 0x7FFF).unwrap();
    assert_eq!(array, ConformantVarying { max_count: 0x7FFF, bytes: b"ab" });
}

#[test]
fn broken_arrays_and_strings_are_named_with_field_and_offset() {
    type Read = fn(&mut NdrReader<'_>) -> Result<(), NdrError>;
    let string: Read = |r| r.conformant_varying_string("s", 4).map(|_| ());
    let bytes: Read = |r| r.conformant_bytes("b", 4).map(|_| ());
    let range: Read = |r| r.u32_at_most("n", 4).map(|_| ());
    let count: Read = |r| r.u32_count_of("c", b"ab");
    let table: &[(&str, &str, Read, usize, NdrErrorKind)] = &[
        (
            "string above its limit",
            "05000000 00000000 01000000 00",
            string,
            0,
            NdrErrorKind::Range { value: 5, max: 4 },
        ),
        (
            "string that starts late",
            "04000000 01000000 01000000 00",
            string,
            4,
            NdrErrorKind::Variance { offset: 1 },
        ),
        (
            "string longer than its room",
            "01000000 00000000 02000000 6100",
            string,
            8,
            NdrErrorKind::CountMismatch { count: 2, expected: 1 },
        ),
        (
            "string without NUL",
            "02000000 00000000 02000000 6162",
            string,
            12,
            NdrErrorKind::Unterminated,
        ),
        (
            "string of no characters",
            "00000000 00000000 00000000",
            string,
            12,
            NdrErrorKind::Unterminated,
        ),
        (
            "array past the end",
            "04000000 6162",
            bytes,
            4,
            NdrErrorKind::Truncated { needed: 4, available: 2 },
        ),
        (
            "largest count there is",
            "ffffffff",
            bytes,
            0,
            NdrErrorKind::Range { value: u32::MAX, max: 4 },
        ),
        ("value above its range", "05000000", range, 0, NdrErrorKind::Range { value: 5, max: 4 }),
        (
            "count that contradicts its array",
            "03000000",
            count,
            0,
            NdrErrorKind::CountMismatch { count: 3, expected: 2 },
        ),
    ];
    for (row, stub, read, offset, kind) in table {
        let error = read(&mut reader(&hex(stub))).unwrap_err();
        assert_eq!((error.offset, error.kind), (*offset, *kind), "{row}");
    }
}

#[test]
fn an_error_reads_as_one_clause() {
    let error = reader(&[0, 0]).u32("cbLimit").unwrap_err();
    assert_eq!(error.to_string(), "Test: cbLimit at offset 0: needs 4 bytes, 2 left");
}
