//! Good bytes: the captures and vectors of fixtures/wire, and what good ends say to each other.

use std::fs;
use std::path::{Path, PathBuf};

use super::ends::{WAYS, session};
use super::raw::{BIND, BIND_ACK, EPM_BIND, WHOLE, request};

/// The files of a folder of fixtures/wire with this extension, by name.
fn files(folder: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folder = root.map(|root| root.join("fixtures/wire").join(folder));
    let folder = folder.into_iter().find(|folder| folder.is_dir()).expect("fixtures/wire");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("it is there").map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("it was listed"))
    };
    let files: Vec<_> = paths.into_iter().map(read).collect();
    assert!(!files.is_empty(), "there are fixtures");
    files
}

fn hex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = digits.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16);
    digits.chunks(2).map(|digits| pair(digits).expect("two digits")).collect()
}

/// Every vector and every capture of one message.
fn vectors() -> Vec<(String, Vec<u8>)> {
    let captures = files("foreign", "hex").into_iter().map(|(name, text)| (name, hex(&text)));
    files("", "bin").into_iter().chain(captures).collect()
}

fn named(part: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    vectors().into_iter().filter(move |(name, _)| name.contains(part))
}

fn behind(prefix: &[u8], bytes: &[u8]) -> Vec<u8> {
    [prefix, bytes].concat()
}

/// The operation of a stub, by its name.
fn operation(name: &str) -> u8 {
    match name {
        _ if name.starts_with("connect0") => 0,
        _ if name.starts_with("disc") => 1,
        _ if name.starts_with("eptmap") => 3,
        _ if name.starts_with("connectex") => 10,
        _ => 11,
    }
}

pub(super) fn of_stubs() -> Vec<Vec<u8>> {
    let stubs = ["_req", "_resp", "_killed"].into_iter().flat_map(named);
    stubs.map(|(name, stub)| behind(&[operation(&name)], &stub)).collect()
}

/// Streams of clients: what our own say in every way, and captured stubs behind captured binds.
pub(super) fn of_clients() -> Vec<Vec<u8>> {
    let cuts = [90, 0, 30, 0];
    let ours = WAYS.map(|way| session(way)[0].clone());
    let captured = named("_req").map(|(name, stub)| {
        let bind = if name.starts_with("ept") { EPM_BIND } else { BIND };
        [bind, &request(WHOLE, 2, 0, operation(&name).into(), &stub)].concat()
    });
    let streams = ours.into_iter().chain(captured);
    streams.map(|stream| behind(&cuts, &stream)).collect()
}

/// Streams of servers, each behind the way of its client.
pub(super) fn of_servers() -> Vec<Vec<u8>> {
    let ours =
        (0..).zip(WAYS).map(|(number, way)| behind(&[number, 90, 0, 30, 0], &session(way)[1]));
    let answers = named("dummy_resp").chain(named("fault"));
    let captured = answers.map(|(_, answer)| [&[0, 90, 0, 30, 0], BIND_ACK, &answer].concat());
    ours.chain(captured).collect()
}

pub(super) fn of_aux() -> Vec<Vec<u8>> {
    named("aux").chain(named("procinfo")).map(|(_, bytes)| bytes).collect()
}

/// The chains that captured calls hold, and what they hold.
pub(super) fn of_rops() -> Vec<Vec<u8>> {
    let requests = named("ext2_req").filter_map(|(_, stub)| {
        emsmdb::EcDoRpcExt2Request::decode(&stub).ok().map(|request| request.rgb_in)
    });
    let responses = named("ext2_resp").filter_map(|(_, stub)| {
        emsmdb::EcDoRpcExt2Response::decode(&stub).ok().map(|response| response.rgb_out)
    });
    let chains: Vec<_> = requests.chain(responses).collect();
    let payloads =
        chains.iter().flat_map(|chain| emsmdb::rgb::decode_rgb_in(chain).expect("a chain"));
    let payloads: Vec<_> = payloads.map(|payload| payload.bytes).collect();
    assert!(4 <= payloads.len(), "the captured calls hold operations");
    let compressed = [compressed(true), [compressed(false), compressed(true)].concat()];
    chains.into_iter().chain(payloads).chain(compressed).collect()
}

/// A payload of 300 bytes, packed, behind its header (MS-OXCRPC 2.2.2.1): version, flags Compressed and perhaps Last, both sizes.
fn compressed(last: bool) -> Vec<u8> {
    let (_, packed) = named("lz77_abc").next().expect("a vector");
    let flags = if last { 5 } else { 1 };
    let size = u16::try_from(packed.len()).expect("short").to_le_bytes();
    let [low, high] = 300_u16.to_le_bytes();
    behind(&[0, 0, flags, 0, size[0], size[1], low, high], &packed)
}

pub(super) fn of_lz77() -> Vec<Vec<u8>> {
    let sized = |size: u16, packed: &[u8]| behind(&size.to_le_bytes(), packed);
    let vectors = vectors();
    let find = |name: &str| &vectors.iter().find(|(found, _)| found == name).expect("a vector").1;
    let compressed = find("aux_compressed");
    let size = u16::from_le_bytes([compressed[6], compressed[7]]);
    vec![
        sized(26, find("lz77_alphabet")),
        sized(300, find("lz77_abc")),
        sized(size, &compressed[8..]),
    ]
}

/// The recorded exchanges with `mechanism`: all tokens of the client, of the server, and of both, each behind its length.
fn exchanges(mechanism: &str) -> Vec<Vec<u8>> {
    let records = files("foreign/security", "txt").into_iter();
    let records = records.filter(|(name, _)| name.contains(mechanism));
    let tokens = |text: &str, kinds: &[&str]| {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let tokens = lines.filter(|(kind, _)| kinds.contains(kind));
        let sized = |(_, digits): (&str, &str)| {
            let token = hex(digits.as_bytes());
            behind(&u16::try_from(token.len()).expect("short").to_le_bytes(), &token)
        };
        tokens.flat_map(sized).collect()
    };
    let of = |(_, text): (_, Vec<u8>)| {
        let text = String::from_utf8(text).expect("text");
        let sides: [&[&str]; 3] = [&["client"], &["server"], &["client", "server"]];
        sides.map(|kinds| tokens(&text, kinds))
    };
    records.flat_map(of).collect()
}

pub(super) fn of_ntlm() -> Vec<Vec<u8>> {
    exchanges("ntlm")
}

/// SPNEGO's server takes NTLM without it, too.
pub(super) fn of_spnego() -> Vec<Vec<u8>> {
    exchanges("")
}

/// Recorded messages behind their signatures, which nobody made with our keys.
pub(super) fn of_signatures() -> Vec<Vec<u8>> {
    let records = files("foreign/security", "txt").into_iter();
    let message = |line: &str| {
        let words: Vec<_> = line.strip_prefix("from-")?.split(' ').collect();
        let [_, _, wire, signature] = words[..] else { return None };
        let wire = hex(wire.as_bytes());
        let end = u8::try_from(wire.len()).expect("short");
        Some([&[0, end], &hex(signature.as_bytes())[..], &wire].concat())
    };
    let of = |(_, text): (_, Vec<u8>)| -> Vec<_> {
        String::from_utf8(text).expect("text").lines().filter_map(message).collect()
    };
    let messages: Vec<_> = records.flat_map(of).collect();
    assert!(20 <= messages.len());
    messages
}
