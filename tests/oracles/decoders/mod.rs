//! What must hold for any bytes that a decoder is given, as one function for each; and the good bytes that bad ones are made of. The test binary
//! `oracles` and the fuzz targets of `tests/fuzz` call the same functions.

mod corpus;
mod ends;
mod messages;
#[path = "../../dcerpc/oracle.rs"]
mod oracle;
#[path = "../../dcerpc/raw.rs"]
mod raw;
#[path = "../../dcerpc/secure.rs"]
mod secure;
#[path = "../../dcerpc/token_oracle.rs"]
mod token_oracle;
mod tokens;

/// Something that takes bytes of others.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    /// What it is called.
    pub name: &'static str,
    /// Gives it bytes, and panics when what must hold does not.
    pub check: fn(&[u8]),
    /// Good bytes.
    pub corpus: fn() -> Vec<Vec<u8>>,
    /// The most that is allocated for one input, all of it together: bytes for each byte of the input, and bytes besides.
    pub memory: (usize, usize),
}

/// All of them.
pub const DECODERS: [Decoder; 9] = [
    // Each end is fed three times, and makes room for the fragment that a header announces: 5,840 bytes.
    Decoder {
        name: "server",
        check: ends::check_server,
        corpus: corpus::of_clients,
        memory: (64, 32 << 10),
    },
    Decoder {
        name: "client",
        check: ends::check_client,
        corpus: corpus::of_servers,
        memory: (64, 32 << 10),
    },
    Decoder {
        name: "stubs",
        check: messages::check_stubs,
        corpus: corpus::of_stubs,
        memory: (64, 1 << 10),
    },
    Decoder {
        name: "aux",
        check: messages::check_aux,
        corpus: corpus::of_aux,
        memory: (64, 8 << 10),
    },
    // A chain is 96 payloads of 32 KiB at most, however small it was, and each is read twice.
    Decoder {
        name: "rops",
        check: messages::check_rops,
        corpus: corpus::of_rops,
        memory: (64, 6 << 20),
    },
    Decoder {
        name: "lz77",
        check: messages::check_lz77,
        corpus: corpus::of_lz77,
        memory: (64, 66 << 10),
    },
    // Three clients answer each of six tokens, of which the least that is a challenge has 34 bytes.
    Decoder {
        name: "ntlm",
        check: tokens::check_ntlm,
        corpus: corpus::of_ntlm,
        memory: (64, 32 << 10),
    },
    Decoder {
        name: "spnego",
        check: tokens::check_spnego,
        corpus: corpus::of_spnego,
        memory: (64, 32 << 10),
    },
    Decoder {
        name: "signatures",
        check: tokens::check_signatures,
        corpus: corpus::of_signatures,
        memory: (64, 16 << 10),
    },
];

/// The first `N` octets, zeroes where there are none, and the others.
fn split<const N: usize>(data: &[u8]) -> ([u8; N], &[u8]) {
    match data.split_first_chunk() {
        Some((first, rest)) => (*first, rest),
        None => {
            let mut first = [0; N];
            first[..data.len()].copy_from_slice(data);
            (first, &[])
        }
    }
}
