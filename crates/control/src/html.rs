//! Pages: text made safe for HTML, and a page around it, under a policy that lets it load nothing but our own style.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

/// No script at all, nothing from elsewhere, no frame around it. The icon is an empty one, so that none is asked for.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Where the style is.
pub(crate) const STYLE_PATH: &str = "/docs/style.css";

/// A page with this title, and a body that is HTML already.
pub(crate) fn page(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title} - exstore</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"{STYLE_PATH}\">\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A page on its way to the browser.
pub(crate) fn response(page: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

/// The style of every page.
pub(crate) async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, include_str!("style.css")).into_response()
}

/// Whether the request would rather have a page than JSON: a browser that shows what it gets.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.unwrap_or_default().contains("text/html")
}

/// Text that is nothing but text in HTML, in attributes too.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// A description: paragraphs, with code in backticks.
pub(crate) fn prose(text: &str) -> String {
    let paragraph = |text: &str| {
        let parts = text.split('`').enumerate().map(|(place, part)| {
            let part = escaped(part);
            if place % 2 == 0 { part } else { format!("<code>{part}</code>") }
        });
        format!("<p>{}</p>\n", parts.collect::<String>())
    };
    text.split("\n\n").filter(|text| !text.is_empty()).map(paragraph).collect()
}

#[cfg(test)]
mod tests {
    use super::{escaped, page, prose};

    #[test]
    fn what_is_said_is_text_wherever_it_stands() {
        let hostile = "</title><script>'\"&";
        assert_eq!(escaped(hostile), "&lt;/title&gt;&lt;script&gt;&#39;&quot;&amp;");
        assert!(!page(hostile, "").contains("<script"));
        assert_eq!(prose("a `<b>` c\n\nd"), "<p>a <code>&lt;b&gt;</code> c</p>\n<p>d</p>\n");
    }
}
