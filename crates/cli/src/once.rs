//! `--idempotency-key`: a change that is asked for again is not made again.

/// Bytes of a key that a server takes.
const MOST: usize = 255;

/// What a change is known by.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct Once {
    /// Do it once: with the same key the first answer comes again, such as when that was lost
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub(crate) idempotency_key: Option<String>,
}

fn key(text: &str) -> Result<String, String> {
    let fits =
        (1..=MOST).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!("a key is 1 to {MOST} characters of ASCII"))
    }
}
