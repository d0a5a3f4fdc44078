//! The users of a store out of a file: `[[user]]` for each, with `name`, `password` or `nt_hash`, and maybe `dn` and `admin`. What is
//! wrong is told with its line and column; the text itself is not shown, since it may be a password.

use std::borrow::Cow;
use std::fs;
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};
use server::{AccountName, Directory, DomainName, NtHash, User, UserDn, UserRights};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::caret::column;
use crate::exit::{Code, Failure};

/// How a user is written.
const EXAMPLE: &str =
    "a user is `[[user]]` with `name` and `password` or `nt_hash`, and maybe `dn` and `admin`";

/// What a file says of a user.
struct FileUser {
    name: String,
    password: Option<String>,
    nt_hash: Option<String>,
    dn: Option<String>,
    is_admin: bool,
    /// Where it is.
    span: Range<usize>,
}

/// What is wrong, and where.
struct Fault {
    what: String,
    span: Range<usize>,
}

type Key<'a> = Spanned<Cow<'a, str>>;

/// The users of a file, as those of this domain.
pub(crate) fn directory(domain: DomainName, file: Option<&Path>) -> Result<Directory, Failure> {
    let mut directory = Directory::new(domain);
    let Some(path) = file else { return Ok(directory) };
    let text = text(path)?;
    let users = users(&text)
        .and_then(|users| users.into_iter().try_for_each(|user| put(&mut directory, user)));
    users.map_err(|fault| fault.failure(path, &text))?;
    Ok(directory)
}

/// The users of a file, as a request has them.
pub(crate) fn request(path: &Path) -> Result<Value, Failure> {
    let text = text(path)?;
    let users = users(&text).map_err(|fault| fault.failure(path, &text))?;
    Ok(users.into_iter().map(FileUser::body).collect())
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::new(Code::BadInput, format!("can't read `{}`: {error}", path.display()))
    })
}

impl Fault {
    fn failure(self, path: &Path, text: &str) -> Failure {
        let Self { what, span } = self;
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let column =
            column(text.get(start..).unwrap_or_default(), span.start.saturating_sub(start));
        Failure::new(Code::BadInput, what)
            .notes(vec![format!(" --> {}:{line}:{column}", path.display())])
            .hint(EXAMPLE)
    }
}

fn users(text: &str) -> Result<Vec<FileUser>, Fault> {
    let table = DeTable::parse(text).map_err(|error| Fault {
        what: "the file of users is no TOML".to_owned(),
        span: error.span().unwrap_or_default(),
    })?;
    let mut users = Vec::new();
    for (key, value) in table.get_ref() {
        let is_user = key.get_ref() == "user";
        let DeValue::Array(list) = value.get_ref() else {
            return Err(unknown(key, is_user));
        };
        if !is_user {
            return Err(unknown(key, false));
        }
        for user in list {
            let DeValue::Table(fields) = user.get_ref() else {
                return Err(unknown(key, true));
            };
            users.push(FileUser::read(fields, user.span())?);
        }
    }
    Ok(users)
}

fn unknown(key: &Key<'_>, is_user: bool) -> Fault {
    let what = if is_user {
        "`user` is no list of tables"
    } else {
        "there is nothing here but `[[user]]`"
    };
    Fault { what: what.to_owned(), span: key.span() }
}

impl FileUser {
    fn read(fields: &DeTable<'_>, span: Range<usize>) -> Result<Self, Fault> {
        let mut user = Self {
            name: String::new(),
            password: None,
            nt_hash: None,
            dn: None,
            is_admin: false,
            span: span.clone(),
        };
        let mut is_named = false;
        for (key, value) in fields {
            let wrong = |what: &str| Fault { what: what.to_owned(), span: value.span() };
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("admin", DeValue::Boolean(is_admin)) => user.is_admin = *is_admin,
                ("admin", _) => return Err(wrong("`admin` is true or false")),
                ("name", DeValue::String(text)) => {
                    user.name = text.to_string();
                    is_named = true;
                }
                ("password", DeValue::String(text)) => user.password = Some(text.to_string()),
                ("nt_hash", DeValue::String(text)) => user.nt_hash = Some(text.to_string()),
                ("dn", DeValue::String(text)) => user.dn = Some(text.to_string()),
                ("name" | "password" | "nt_hash" | "dn", _) => {
                    return Err(wrong("this is to be a text, in quotes"));
                }
                _ => {
                    let what = "a user has no such key".to_owned();
                    return Err(Fault { what, span: key.span() });
                }
            }
        }
        match (is_named, &user.password, &user.nt_hash) {
            (true, Some(_), None) | (true, None, Some(_)) => Ok(user),
            (false, ..) => Err(Fault { what: "the user has no `name`".to_owned(), span }),
            (true, ..) => {
                let what = "a user has one of `password` and `nt_hash`".to_owned();
                Err(Fault { what, span })
            }
        }
    }

    fn user(&self) -> Result<User, String> {
        let say = |error: server::UserError| error.to_string();
        let name = AccountName::parse(&self.name).map_err(say)?;
        let hash = match (&self.password, &self.nt_hash) {
            (Some(password), _) if password.is_empty() => Err("the password is empty".to_owned()),
            (Some(password), _) => Ok(NtHash::of_password(password)),
            (None, digits) => {
                let digits = digits.as_deref().unwrap_or_default();
                digits.parse().map_err(|error: server::NtHashError| error.to_string())
            }
        }?;
        let dn = self.dn.as_deref().map(UserDn::parse).transpose().map_err(say)?;
        User::new(name, hash, UserRights { dn, is_admin: self.is_admin }).map_err(say)
    }

    fn body(self) -> Value {
        let texts = [
            ("name", Some(self.name)),
            ("password", self.password),
            ("nt_hash", self.nt_hash),
            ("dn", self.dn),
        ];
        let texts =
            texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        let mut body: Map<String, Value> = texts.collect();
        body.insert("admin".to_owned(), self.is_admin.into());
        Value::Object(body)
    }
}

fn put(directory: &mut Directory, user: FileUser) -> Result<(), Fault> {
    let fault = |what: String| Fault { what, span: user.span.clone() };
    let was_there = directory.put(user.user().map_err(fault)?);
    match was_there {
        Ok(false) => Ok(()),
        Ok(true) => Err(fault(format!("there are two users `{}`", user.name))),
        Err(error) => Err(fault(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Directory, Fault> {
        let mut directory = Directory::default();
        users(text)?.into_iter().try_for_each(|user| put(&mut directory, user))?;
        Ok(directory)
    }

    #[test]
    fn a_file_of_users_is_read_whole() {
        let text = "[[user]]\nname = \"alice\"\npassword = \"secret\"\n\n[[user]]\nname = \"root\"\n\
                    nt_hash = \"a4f49c406510bdcab6824ee7c30fd852\"\ndn = \"/o=x/cn=root\"\nadmin = true\n";
        let directory = read(text).ok().expect("it fits");
        let told = |name| {
            let user = directory.get(name).expect("it is there");
            (user.dn().as_str().to_owned(), user.is_admin())
        };
        assert_eq!(told("ROOT"), ("/o=x/cn=root".to_owned(), true));
        assert!(told("alice").0.ends_with("/cn=Recipients/cn=alice") && !told("alice").1);
        assert!(read("").is_ok_and(|directory| directory.is_empty()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_the_text() {
        for (text, place) in [
            ("[[user]]\nname = \"alice\"\npassword = hunter2\n", "3:"),
            ("[[user]]\nname = \"alice\"\npassword = \"hunter2\n", "3:"),
            ("[[user]]\nname = \"alice\"\nhunter2\n", "3:"),
            ("[[user]]\nname = \"alice\"\npassword = [\"hunter2\"]\n", "3:12"),
            ("[[user]]\nname = \"alice\"\nnt_hash = \"hunter2\"\n", "1:1"),
            ("[[user]]\nname = \"alice\"\npassword = \"hunter2\"\nnt_hash = \"hunter2\"\n", "1:1"),
            ("[[user]]\nname = \"alice\"\n", "1:1"),
            ("\n[[user]]\npassword = \"hunter2\"\n", "2:1"),
            (
                "[[user]]\nname = \"a\"\npassword = \"hunter2\"\n[[user]]\nname = \"A\"\npassword = \"x\"\n",
                "4:1",
            ),
            ("[[user]]\nname = \"alice\"\npasword = \"hunter2\"\n", "3:1"),
            ("[[users]]\nname = \"alice\"\npassword = \"hunter2\"\n", "1:3"),
            ("user = \"hunter2\"\n", "1:1"),
            ("[[user]]\nname = \"alice\"\npassword = \"x\"\nadmin = \"hunter2\"\n", "4:9"),
            ("[[user]]\nname = \"alice\"\npassword = \"x\"\ndn = \"hunter2\"\n", "1:1"),
            ("[[user]]\nname = \"alice\"\npassword = \"\"\n", "1:1"),
        ] {
            let Err(fault) = read(text) else { panic!("it is read: {text}") };
            let failure = format!("{:?}", fault.failure(Path::new("users.toml"), text));
            assert!(!failure.contains("hunter2"), "{failure}");
            assert!(failure.contains(&format!("users.toml:{place}")), "{text}: {failure}");
        }
    }
}
