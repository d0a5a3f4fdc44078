//! `exstore registry`: keys and values of the registry that the store polls.

use std::path::PathBuf;

use clap::Subcommand;
use control::percent_encoded;
use serde_json::{Value, json};

use super::registry_file::{self, ExportFormat, Source};
use super::request::query;
use crate::exit::{Code, Failure};
use crate::http::{Answer, Method, Payload};
use crate::output;
use crate::remote::{Remote, Target};
use crate::table::{Column, cell, table, text};
use crate::visible::visible;

pub(super) const EXAMPLES: &str =
    "  exstore registry set parameters-system \"Disable MAPI Client Processes\" \"mdl.exe; b.exe\"
  exstore registry list
  exstore registry set HKLM/SOFTWARE/Contoso Limit 0x10 --type REG_DWORD
  exstore registry get HKLM/SOFTWARE/Contoso Limit
  exstore registry export --format regedit4 --out lists.reg
  exstore registry import lists.reg";

/// The name that stands for the key that the store polls.
const ALIAS: &str = "parameters-system";

/// What `registry` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Registry {
    #[command(flatten)]
    target: Target,
    /// The node of the cluster whose registry it is
    #[arg(long, global = true, value_name = "NODE", env = "EXSTORE_NODE", help_heading = "Server")]
    node: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show a value, or without a name every value of the key
    Get {
        #[command(flatten)]
        key: KeyOrDefault,
        /// The value's name; empty for the unnamed one
        name: Option<String>,
    },
    /// Write a value, and its key with it; the store learns of it when it polls
    Set(Set),
    /// Create a key without values
    Create {
        /// The key: joined by backslashes or slashes, short roots as HKLM; or `parameters-system`
        key: String,
    },
    /// Delete a value, or without a name the key
    Delete {
        /// The key: joined by backslashes or slashes, short roots as HKLM; or `parameters-system`
        key: String,
        /// The value's name; empty for the unnamed one
        name: Option<String>,
    },
    /// List the subkeys and values of a key
    List {
        #[command(flatten)]
        key: KeyOrDefault,
    },
    /// Write a key and all below it as a .reg file
    Export {
        #[command(flatten)]
        key: KeyOrDefault,
        /// How it is written
        #[arg(long, value_enum, default_value = "v5")]
        format: ExportFormat,
        /// The ANSI code page of `regedit4`; 1252 unless told
        #[arg(long, value_name = "NUMBER")]
        code_page: Option<u16>,
        /// Write it to this file, and not to stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take over a .reg file, whole or not at all
    Import {
        /// The file; `-` is stdin
        file: PathBuf,
        /// The ANSI code page of a REGEDIT4 file; 1252 unless told
        #[arg(long, value_name = "NUMBER")]
        code_page: Option<u16>,
    },
}

#[derive(clap::Args, Debug)]
struct KeyOrDefault {
    /// The key: joined by backslashes or slashes, short roots as HKLM
    #[arg(default_value = ALIAS)]
    key: String,
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The key: joined by backslashes or slashes, short roots as HKLM; or `parameters-system`
    key: String,
    /// The value's name; empty for the unnamed one
    name: String,
    /// A text; a number, decimal or 0x…, for REG_DWORD and REG_QWORD; several texts for REG_MULTI_SZ; hexadecimal for any other type
    #[arg(allow_negative_numbers = true)]
    data: Vec<String>,
    /// The value's type
    #[arg(long, value_name = "TYPE", default_value = "REG_SZ")]
    r#type: String,
    /// The value's bytes in hexadecimal, whatever its type
    #[arg(long, value_name = "BYTES", conflicts_with = "data")]
    hex: Option<String>,
}

const VALUES: [Column; 3] = [text("NAME", "name"), text("TYPE", "type"), text("DATA", "shown")];

pub(super) fn run(args: &Registry) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    let node = &args.node;
    match &args.verb {
        Verb::Get { key, name } => {
            let answer = remote.get(&value_path(&key.key, name.as_ref(), node))?;
            show(&remote, &answer)
        }
        Verb::Set(set) => {
            let path = value_path(&set.key, Some(&set.name), node);
            let answer = remote.send(Method::Put, &path, Payload::Json(set.body()?))?;
            show(&remote, &answer)
        }
        Verb::Create { key } => {
            let path = value_path(key, None, node);
            show(&remote, &remote.send(Method::Put, &path, Payload::Nothing)?)
        }
        Verb::Delete { key, name } => {
            let path = value_path(key, name.as_ref(), node);
            remote.send(Method::Delete, &path, Payload::Nothing)?;
            remote.note("deleted");
            Ok(())
        }
        Verb::List { key } => show(&remote, &remote.get(&value_path(&key.key, None, node))?),
        Verb::Export { key, format, code_page, out } => {
            let source = Source { node, code_page: *code_page };
            let reg = registry_file::export(&remote, &full(&key.key), *format, source)?;
            match out {
                Some(path) => registry_file::write(path, &reg),
                None => {
                    output::bytes(&reg);
                    Ok(())
                }
            }
        }
        Verb::Import { file, code_page } => {
            registry_file::import(&remote, file, Source { node, code_page: *code_page })
        }
    }
}

/// The path of a key as the registry writes it. One that has no backslash may be written with slashes.
fn full(key: &str) -> String {
    if key.eq_ignore_ascii_case(ALIAS) {
        registry_poll::KeyPath::parameters_system().as_str().to_owned()
    } else if key.contains('\\') {
        key.to_owned()
    } else {
        key.replace('/', "\\")
    }
}

fn value_path(key: &str, name: Option<&String>, node: &Option<String>) -> String {
    let path = format!("/registry/{}", percent_encoded(&full(key)));
    query(&path, [("value", &name.cloned()), ("node", node)])
}

impl Set {
    fn body(&self) -> Result<Value, Failure> {
        let kind = self.r#type.to_ascii_uppercase();
        if let Some(hex) = &self.hex {
            return Ok(json!({ "type": kind, "hex": hex }));
        }
        let data = match (kind.as_str(), self.data.as_slice()) {
            ("REG_MULTI_SZ", texts) => json!(texts),
            ("REG_DWORD", [text]) => number(text, &kind)?.into(),
            // Digits, since a reader of JSON may round a large number.
            ("REG_QWORD", [text]) => number(text, &kind)?.to_string().into(),
            (_, [data]) => data.as_str().into(),
            (_, _) => {
                let what = format!("a {kind} has one DATA, and {} were given", self.data.len());
                return Err(Failure::new(Code::Usage, what)
                    .hint("quote a text that has spaces; only a REG_MULTI_SZ takes several"));
            }
        };
        Ok(json!({ "type": kind, "data": data }))
    }
}

fn number(text: &str, kind: &str) -> Result<u64, Failure> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = digits.map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16));
    number.map_err(|_| {
        Failure::new(Code::Usage, format!("`{text}` is no number"))
            .hint(format!("a {kind} is a number from 0 up, decimal or 0x…"))
    })
}

/// Shows a value, or a key with all of them; what the server suspects about a value is a note.
fn show(remote: &Remote, answer: &Answer) -> Result<(), Failure> {
    remote.show(answer, |shown| {
        let subkeys = shown.get("subkeys").and_then(Value::as_array).into_iter().flatten();
        let subkeys =
            subkeys.map(|name| format!("{}\\", visible(name.as_str().unwrap_or_default())));
        subkeys.chain(table(&VALUES, &values(shown).map(with_data).collect::<Vec<_>>())).collect()
    })?;
    let shown: Value = answer.read()?;
    for value in values(&shown).filter(|value| value.get("hint").is_some_and(Value::is_string)) {
        remote.note(&format!("hint: {}: {}", cell(value, "name"), cell(value, "hint")));
    }
    Ok(())
}

/// A value as a list of one, or all of a key.
fn values(shown: &Value) -> impl Iterator<Item = &Value> {
    let one = core::slice::from_ref(shown);
    shown.get("values").and_then(Value::as_array).map_or(one, Vec::as_slice).iter()
}

/// A value with its data in one field: as its type has it, or as bytes.
fn with_data(value: &Value) -> Value {
    let hex = value.get("hex").and_then(Value::as_str).map(|hex| Value::from(format!("hex:{hex}")));
    let data = hex.or_else(|| value.get("data").cloned()).unwrap_or_default();
    let mut value = value.clone();
    if let Some(value) = value.as_object_mut() {
        value.insert("shown".to_owned(), data);
        if value.get("name").is_some_and(|name| name == "") {
            value.insert("name".to_owned(), "(unnamed)".into());
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::full;

    #[test]
    fn a_key_may_be_written_with_slashes_or_by_its_alias() {
        let rows = [
            ("HKLM\\SOFTWARE\\a/b", "HKLM\\SOFTWARE\\a/b"),
            ("HKLM/SOFTWARE/Contoso", "HKLM\\SOFTWARE\\Contoso"),
            ("HKLM", "HKLM"),
        ];
        for (given, key) in rows {
            assert_eq!(full(given), key);
        }
        assert!(full("Parameters-System").ends_with("\\MSExchangeIS\\ParametersSystem"));
    }
}
