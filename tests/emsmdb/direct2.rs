//! A naive compressor, written from the tables of [MS-XCA] 2.3: it says item by item what the stream holds.

use super::hex;

/// What one flag bit of a stream announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Literal(u8),
    Match { distance: usize, length: usize },
}

/// Writes the items as one stream. The bits behind the last are 1, and there is at least one of them, at the price of a
/// flag word if need be (\[MS-OXCRPC\] 3.1.4.1.1.2.2.1).
pub(crate) fn stream(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut nibble_at = None;
    let groups: Vec<&[Item]> = items.chunks(32).collect();
    for group in &groups {
        let flag = |(index, item): (usize, &Item)| match item {
            Item::Literal(_) => 0,
            Item::Match { .. } => 1_u32 << (31 - index),
        };
        let left = u32::MAX.checked_shr(group.len() as u32).unwrap_or(0);
        let flags = group.iter().enumerate().map(flag).sum::<u32>() | left;
        bytes.extend(flags.to_le_bytes());
        for item in *group {
            write_item(&mut bytes, &mut nibble_at, *item);
        }
    }
    if groups.last().is_none_or(|group| group.len() == 32) {
        bytes.extend(hex("ffffffff"));
    }
    bytes
}

fn write_item(bytes: &mut Vec<u8>, nibble_at: &mut Option<usize>, item: Item) {
    let (distance, length) = match item {
        Item::Literal(byte) => return bytes.push(byte),
        Item::Match { distance, length } => (distance, length),
    };
    assert!((1..=8192).contains(&distance) && 3 <= length, "{item:?}");
    let token = (distance - 1) << 3 | (length - 3).min(7);
    bytes.extend((token as u16).to_le_bytes());
    if length < 10 {
        return;
    }
    let nibble = (length - 10).min(15) as u8;
    match nibble_at.take() {
        Some(at) => bytes[at] |= nibble << 4,
        None => {
            *nibble_at = Some(bytes.len());
            bytes.push(nibble);
        }
    }
    if 25 <= length {
        bytes.push((length - 25).min(255) as u8);
    }
    if 280 <= length {
        bytes.extend(u16::try_from(length - 3).unwrap().to_le_bytes());
    }
}

/// Compresses nothing: each byte is a literal.
pub(crate) fn literals(bytes: &[u8]) -> Vec<u8> {
    stream(&bytes.iter().map(|byte| Item::Literal(*byte)).collect::<Vec<_>>())
}

/// Compresses: each item is the longest match of up to `longest` bytes among the last `window`, the nearest of several.
pub(crate) fn greedy(bytes: &[u8], window: usize, longest: usize) -> Vec<u8> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length_at = |distance: usize| {
            let pairs = bytes[at..].iter().zip(&bytes[at - distance..]).take(longest);
            pairs.take_while(|(left, right)| left == right).count()
        };
        let distances = (1..=window.min(at)).rev();
        let best =
            distances.map(|distance| (length_at(distance), distance)).max_by_key(|best| best.0);
        match best {
            Some((length, distance)) if 3 <= length => {
                items.push(Item::Match { distance, length });
                at += length;
            }
            _ => {
                items.push(Item::Literal(bytes[at]));
                at += 1;
            }
        }
    }
    stream(&items)
}

/// `payload` behind an `RPC_HEADER_EXT` of these flags, compressed and obfuscated as they say. The stream is `packed`,
/// whether or not it is one of the payload.
pub(crate) fn framed(flags: u16, packed: &[u8], size_actual: usize) -> Vec<u8> {
    let words = [0, flags, packed.len() as u16, size_actual as u16];
    let mut buffer: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mask = if flags & 2 == 0 { 0 } else { 0xA5 };
    buffer.extend(packed.iter().map(|byte| byte ^ mask));
    buffer
}
