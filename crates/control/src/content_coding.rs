//! `Accept-Encoding`: whether an answer may be compressed (RFC 9110 12.5.3).

use axum::http::{HeaderMap, header};

/// Whether a request takes gzip, and would not rather have the plain bytes.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let weight_of = |names: &[&str]| {
        let mut codings = texts.iter().flat_map(|text| text.split(',')).map(coding);
        codings.find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
    };
    let gzip = weight_of(&["gzip", "x-gzip"]).or_else(|| weight_of(&["*"]));
    let plain = weight_of(&["identity"]);
    gzip.is_some_and(|(_, gzip)| 0 < gzip && plain.is_none_or(|(_, plain)| plain <= gzip))
}

/// The name of a coding, and its weight in thousandths. One that is not understood weighs nothing.
fn coding(text: &str) -> (&str, u16) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let parameter = parameters.trim();
    let weight = match parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")) {
        Some(weight) => thousandths(weight).unwrap_or(0),
        None if parameter.is_empty() => 1_000,
        None => 0,
    };
    (name.trim(), weight)
}

/// A weight from 0 to 1 with three digits after the point at the most.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let is_part = part.len() <= 3 && part.bytes().all(|digit| digit.is_ascii_digit());
    let part: u16 = format!("{part:0<3}").parse().ok().filter(|_| is_part)?;
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it_and_not_to_those_who_refuse_it() {
        let rows: &[(&[&str], bool)] = &[
            (&[], false),
            (&[""], false),
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip"], true),
            (&["br;q=1.0, gzip;q=0.8, *;q=0.1"], true),
            (&["br"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000"], false),
            (&["gzip ; q=0.001"], true),
            (&["gzip;q=0, *"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["identity"], false),
            (&["identity, gzip;q=0.5"], false),
            (&["identity;q=0.5, gzip"], true),
            (&["identity, gzip"], true),
            (&["identity;q=0"], false),
            (&["gzipped"], false),
            (&["gzip;q=2"], false),
            (&["gzip;q=0.1234"], false),
            (&["gzip;q=-1"], false),
            (&["gzip;level=9"], false),
        ];
        for (values, takes) in rows {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(header::ACCEPT_ENCODING, value.parse().unwrap());
            }
            assert_eq!(takes_gzip(&headers), *takes, "{values:?}");
        }
    }
}
