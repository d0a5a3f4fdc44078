//! Decompression, against the specification's examples, a compressor of the tests' own, and one that others wrote.

use std::panic::catch_unwind;

use emsmdb::field::Truncated;
use emsmdb::lz77::{Lz77Error, decompress};
use proptest::collection::vec;
use proptest::prelude::*;

use super::direct2::{Item, greedy, literals, stream};
use super::{hex, vector};

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// What the items stand for, copied byte by byte.
fn meaning(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        match *item {
            Item::Literal(byte) => bytes.push(byte),
            Item::Match { distance, length } => {
                for _ in 0..length {
                    bytes.push(bytes[bytes.len() - distance]);
                }
            }
        }
    }
    bytes
}

/// Text that repeats itself now and then, at distances near and far.
fn repetitive(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut bytes = ALPHABET.to_vec();
    while bytes.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (start, count) = (state as usize >> 8, state as usize >> 24);
        let start = start % bytes.len();
        let copied: Vec<u8> = bytes[start..].iter().cycle().take(count % 60).copied().collect();
        bytes.extend(copied);
        bytes.push((state >> 16) as u8);
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn the_vectors_decompress_as_others_decompress_them() {
    let mut block = hex("9c00020b 01000000 4433221166558877 99aabbccddeeff00 1c000000");
    let name = "VeryLongMapiClientProcessName".repeat(2) + ".exe\0\0";
    block.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
    let table = [
        ("the alphabet", vector!("lz77_alphabet"), ALPHABET.to_vec()),
        ("abc", vector!("lz77_abc"), b"abc".repeat(100)),
        ("a process", &vector!("aux_compressed")[8..], block),
    ];
    for (row, packed, expected) in table {
        assert_eq!(decompress(packed, expected.len()).as_ref(), Ok(&expected), "{row}");
        assert_eq!(foreign_decompress(packed), Some(expected), "{row}");
    }
}

#[test]
fn the_tests_compressor_writes_the_examples_of_the_specification() {
    assert_eq!(literals(ALPHABET), vector!("lz77_alphabet"));
    assert_eq!(greedy(&b"abc".repeat(100), 8192, 65_538), vector!("lz77_abc"));
}

#[test]
fn every_form_of_length_is_read_at_its_bounds() {
    let table = [
        (3, "0800"),
        (9, "0e00"),
        (10, "0f0000"),
        (24, "0f000e"),
        (25, "0f000f00"),
        (279, "0f000ffe"),
        (280, "0f000fff1501"),
        (281, "0f000fff1601"),
        (32_766, "0f000ffffb7f"),
    ];
    for (length, token) in table {
        let input = [hex("ffffff3f 6162"), hex(token)].concat();
        let expected: Vec<u8> = b"ab".iter().cycle().take(2 + length).copied().collect();
        assert_eq!(decompress(&input, 2 + length), Ok(expected), "{length}");
        let items = [b'a', b'b'].map(Item::Literal);
        let items = [&items[..], &[Item::Match { distance: 2, length }]].concat();
        assert_eq!(stream(&items), input, "{length}");
    }
}

#[test]
fn two_long_matches_share_a_byte_whatever_lies_between() {
    // A letter, 11 of it, 5, 15, another letter, and 10 of that: nibbles 1 and 5 in one byte, then 0 in the next.
    let input = hex("ffffff77 61 0700 51 0200 0700 62 0700 00");
    let expected = [vec![b'a'; 1 + 11 + 5 + 15], vec![b'b'; 1 + 10]].concat();
    assert_eq!(decompress(&input, expected.len()), Ok(expected));
    let a = Item::Literal(b'a');
    let run = |length| Item::Match { distance: 1, length };
    for between in [vec![], vec![a; 40], vec![run(3), a, run(9)]] {
        for (first, second, third) in [(11, 15, 24), (25, 24, 300), (279, 280, 10), (24, 25, 24)] {
            let parts = [vec![a, run(first)], between.clone(), vec![run(second), a, run(third)]];
            let items = parts.concat();
            let expected = meaning(&items);
            let row = format!("{first}, {between:?}, {second}, {third}");
            assert_eq!(decompress(&stream(&items), expected.len()), Ok(expected), "{row}");
        }
    }
}

#[test]
fn a_match_reaches_8192_bytes_back_and_no_further_than_the_first() {
    let start = repetitive(8192);
    let far = [literals(&start), hex("f8ff")].concat();
    let expected = [&start[..], &start[..3]].concat();
    assert_eq!(decompress(&far, expected.len()), Ok(expected));
    let input = hex("ffffff3f 6162 1000");
    let error = Lz77Error::Distance { offset: 6, distance: 3, produced: 2 };
    assert_eq!(decompress(&input, 100), Err(error));
    let error = Lz77Error::Distance { offset: 4, distance: 1, produced: 0 };
    assert_eq!(decompress(&hex("ffffffff 0000"), 3), Err(error));
}

#[test]
fn broken_streams_are_named() {
    let cut = |field, offset, needed, available| {
        Lz77Error::Truncated(Truncated { structure: "DIRECT2", field, offset, needed, available })
    };
    let table = [
        ("half a flag word", "ffff", 0, cut("flags", 0, 4, 2)),
        ("half a match", "ffffff7f 61 00", 4, cut("match", 5, 2, 1)),
        ("no nibble", "ffffff7f 61 0700", 11, cut("nibble", 7, 1, 0)),
        ("no length", "ffffff7f 61 0700 0f", 26, cut("length", 8, 1, 0)),
        ("half a long length", "ffffff7f 61 0700 0f ff 00", 281, cut("long length", 9, 2, 1)),
        (
            "long length that a nibble holds",
            "ffffff7f 61 0700 0f ff 1500",
            25,
            Lz77Error::LongLength { offset: 9, value: 21 },
        ),
        (
            "length of 32 bits",
            "ffffff7f 61 0700 0f ff 0000 1a000000",
            30,
            Lz77Error::LongLength { offset: 9, value: 0 },
        ),
        (
            "literal too many",
            "ffffff3f 61 62",
            1,
            Lz77Error::TooLong { offset: 5, end: 2, size_actual: 1 },
        ),
        (
            "match too long",
            "ffffff7f 61 0000",
            3,
            Lz77Error::TooLong { offset: 5, end: 4, size_actual: 3 },
        ),
        ("too short", "ffffff7f 61 0000", 5, Lz77Error::TooShort { produced: 4, size_actual: 5 }),
        ("nothing", "", 1, Lz77Error::TooShort { produced: 0, size_actual: 1 }),
    ];
    for (row, input, size_actual, error) in table {
        assert_eq!(decompress(&hex(input), size_actual), Err(error), "{row}");
    }
    let says = decompress(&hex("ffffff7f 61 0800"), 4).expect_err("distance 2").to_string();
    assert_eq!(says, "DIRECT2: match at offset 5: distance is 2, 1 bytes produced");
}

#[test]
fn the_bits_behind_the_last_item_are_nobodys() {
    let table = [
        ("ones", "ffffff7f 61 0000"),
        ("zeroes", "00000040 61 0000"),
        (
            "a flag word of its own",
            "00000000 6161616161616161616161616161616161616161616161616161616161616161 ffffffff",
        ),
        ("none", "00000000 6161616161616161616161616161616161616161616161616161616161616161"),
    ];
    for (row, input) in table {
        let input = hex(input);
        let length = if input.len() < 32 { 4 } else { 32 };
        assert_eq!(decompress(&input, length), Ok(vec![b'a'; length]), "{row}");
    }
    assert_eq!(decompress(&[], 0), Ok(Vec::new()));
    assert_eq!(decompress(&hex("ffffffff"), 0), Ok(Vec::new()));
}

#[test]
fn an_announced_size_reserves_no_memory_beyond_16_bits() {
    let error = Lz77Error::TooShort { produced: 26, size_actual: usize::MAX };
    assert_eq!(decompress(vector!("lz77_alphabet"), usize::MAX), Err(error));
}

#[test]
fn a_stream_cut_anywhere_does_not_pass_for_a_whole_one() {
    let text = repetitive(700);
    for packed in [greedy(&text, 8192, 400), literals(&text), vector!("lz77_abc").to_vec()] {
        let whole = (0..2_000).find_map(|size| decompress(&packed, size).ok()).expect("a size");
        for length in 0..packed.len() {
            if let Ok(bytes) = decompress(&packed[..length], whole.len()) {
                assert_eq!(
                    (bytes, packed.len() - length),
                    (whole.clone(), 4),
                    "the last flag word"
                );
            }
        }
    }
}

/// Their compressor; nothing where its stream is broken or a shift of it overflows, both when a 32nd item is the last or
/// a match.
fn foreign_compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let packed = catch_unwind(|| lzxpress::data::compress(bytes)).ok()?.ok()?;
    let sound = their_decompress(&packed).is_some_and(|unpacked| unpacked == bytes);
    sound.then_some(packed)
}

/// Their decompressor as it is. A length of 32 bits that the stream breaks off in makes it panic, which is a refusal too.
fn their_decompress(packed: &[u8]) -> Option<Vec<u8>> {
    catch_unwind(|| lzxpress::data::decompress(packed)).ok()?.ok()
}

/// Their decompressor, which refuses a closing flag word without items where [MS-XCA] 2.4 ends with success: there it gets
/// the stream without that word.
fn foreign_decompress(packed: &[u8]) -> Option<Vec<u8>> {
    let without = &packed[..packed.len().saturating_sub(4)];
    their_decompress(packed).or_else(|| their_decompress(without))
}

fn check_every_compressor(bytes: &[u8]) {
    let packed = [
        ("literals", Some(literals(bytes))),
        ("greedy", Some(greedy(bytes, 8192, 65_538))),
        ("short matches", Some(greedy(bytes, 64, 9))),
        ("matches of a nibble", Some(greedy(bytes, 8192, 24))),
        ("matches of a byte", Some(greedy(bytes, 8192, 279))),
        ("rust-lzxpress", foreign_compress(bytes)),
    ];
    for (row, packed) in packed {
        let Some(packed) = packed else { continue };
        assert_eq!(decompress(&packed, bytes.len()).as_deref(), Ok(bytes), "{row}");
        let theirs = foreign_decompress(&packed);
        assert_eq!(theirs.as_deref(), Some(bytes), "{row}: rust-lzxpress reads what we read");
    }
}

#[test]
fn what_any_compressor_packs_is_read_like_others_read_it() {
    let runs: Vec<u8> = (1..=24_u8).flat_map(|n| vec![n; usize::from(n) * 14]).collect();
    let table: [(&[u8], bool); 8] = [
        (b"a", true),
        (b"", false),
        (&[0; 1_000], true),
        (&b"abc".repeat(400), true),
        (&runs, false),
        (&repetitive(4_096), false),
        (vector!("procinfo"), true),
        (vector!("aux"), false),
    ];
    for (index, (bytes, foreign)) in table.into_iter().enumerate() {
        check_every_compressor(bytes);
        assert_eq!(foreign_compress(bytes).is_some(), foreign, "{index}");
    }
}

/// Streams that are mostly well-formed: items that often make sense, and some wrong bytes.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let item = prop_oneof![
        3 => any::<u8>().prop_map(Item::Literal),
        1 => (1..12_usize, 3..40_usize).prop_map(|(distance, length)| Item::Match { distance, length }),
        1 => (1..200_usize, 3..400_usize).prop_map(|(distance, length)| Item::Match { distance, length }),
    ];
    let wrong = vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (vec(item, 0..100), wrong, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(items, wrong, cut, whole)| {
            let mut bytes = stream(&items);
            for (index, value) in wrong {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
            bytes.truncate(if whole { bytes.len() } else { cut.index(bytes.len() + 1) });
            bytes
        },
    )
}

/// Both decoders produce the same bytes, or both refuse. The other one has no SizeActual, and holds lengths of 32 bits.
fn check_against_the_other(input: &[u8]) -> Result<(), TestCaseError> {
    let limit = 0xFFFF;
    let produced = match decompress(input, limit) {
        Ok(bytes) => bytes.len(),
        Err(Lz77Error::TooShort { produced, .. }) => produced,
        Err(Lz77Error::LongLength { value: 0, .. } | Lz77Error::TooLong { .. }) => return Ok(()),
        Err(error) => {
            prop_assert!(their_decompress(input).is_none(), "{}", error);
            return Ok(());
        }
    };
    prop_assert_eq!(decompress(input, produced).ok(), foreign_decompress(input));
    Ok(())
}

proptest! {
    #[test]
    fn what_is_compressed_is_read_back(bytes in vec(0..4_u8, 0..600)) {
        check_every_compressor(&bytes);
    }

    #[test]
    fn garbage_gives_at_most_what_was_announced(
        input in vec(any::<u8>(), 0..400),
        size_actual in 0..2_000_usize,
    ) {
        if let Ok(bytes) = decompress(&input, size_actual) {
            prop_assert_eq!(bytes.len(), size_actual);
        }
        check_against_the_other(&input)?;
    }

    #[test]
    fn damaged_streams_are_read_like_others_read_them(
        input in any_stream(),
        size_actual in 0..2_000_usize,
    ) {
        if let Ok(bytes) = decompress(&input, size_actual) {
            prop_assert_eq!(bytes.len(), size_actual);
        }
        check_against_the_other(&input)?;
    }
}
