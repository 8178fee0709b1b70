//! JavaScript, as well as it can be told from prose.

/// What a script may begin with that prose does not.
const BEGINNINGS: &[&str] = &[
    "\"use strict\"",
    "'use strict'",
    "(function",
    "!function",
    "(()",
    "(async",
    "async function",
    "function(",
    "window.",
    "document.",
    "self.",
    "globalThis.",
    "const{",
    "const[",
    "let{",
    "let[",
    "import{",
    "import*",
    "import(",
    "import\"",
    "import'",
    "export{",
    "export*",
];

/// Whether `text` begins, behind comments, like a script of JavaScript.
pub(super) fn is_script(text: &str) -> bool {
    let code = behind_comments(text);
    if BEGINNINGS.iter().any(|start| code.starts_with(start)) {
        return true;
    }
    let mut words = code.split_whitespace();
    let (first, second, third) = (words.next(), words.next(), words.next());
    let (first, second, third) = (
        first.unwrap_or_default(),
        second.unwrap_or_default(),
        third.unwrap_or_default(),
    );
    match first {
        "var" | "let" | "const" => is_assignment(second, third),
        "function" => second.contains('(') || third.starts_with('('),
        "class" => second.ends_with('{') || third == "{" || third == "extends",
        "import" => second.starts_with(['{', '*', '"', '\'']) || third == "from",
        "export" => {
            second.starts_with(['{', '*'])
                || matches!(
                    second,
                    "default" | "const" | "let" | "function" | "class" | "async"
                )
        }
        _ => false,
    }
}

/// Whether the words behind `let` declare something: `a=1`, `a = 1`, `a;`, `{a} = b`.
fn is_assignment(second: &str, third: &str) -> bool {
    let name_end = second
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
        .unwrap_or(second.len());
    let behind = &second[name_end..];
    if name_end == 0 {
        return second.starts_with(['{', '[']);
    }
    behind.starts_with(['=', ';']) || behind.is_empty() && third.starts_with('=')
}

/// `text` without the white space, comments and `#!` line before its first statement.
fn behind_comments(text: &str) -> &str {
    let mut rest = text;
    if rest.starts_with("#!") {
        let line = rest.split_once('\n');
        rest = match line {
            Some((line, behind)) if line.contains("node") || line.contains("deno") => behind,
            _ => return "",
        };
    }
    loop {
        rest = rest.trim_start();
        let behind = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n')
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")
        } else {
            return rest;
        };
        rest = behind.map_or("", |(_, behind)| behind);
    }
}
