//! Which elements and attributes stay. Pure.

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays, with the attributes that may.
    Keep,
    /// Its tags go, its content is looked at for itself.
    Unwrap,
    /// It goes with all that is in it.
    Drop,
}

/// What becomes of an element by its name alone.
pub(super) fn fate(tag: &str) -> Fate {
    match tag {
        "html" | "head" | "body" | "title" | "meta" | "link" => Fate::Keep,
        // What a preview of last resort is made of.
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "br" | "img" | "time" | "address"
        | "blockquote" | "figure" | "figcaption" => Fate::Keep,
        "script" | "style" | "svg" | "math" | "iframe" | "frame" | "frameset" | "object"
        | "embed" | "applet" | "canvas" | "audio" | "video" | "source" | "track" | "template"
        | "noscript" | "noembed" | "noframes" | "select" | "datalist" | "option" | "optgroup"
        | "textarea" | "button" | "input" | "output" | "progress" | "meter" | "dialog" | "map"
        | "area" | "base" | "param" | "portal" | "fencedframe" | "bgsound" | "keygen" => Fate::Drop,
        _ => Fate::Unwrap,
    }
}

/// Whether an element belongs into a page's head, so that it does not begin the body.
pub(super) fn is_of_head(tag: &str) -> bool {
    matches!(
        tag,
        "html"
            | "head"
            | "title"
            | "meta"
            | "link"
            | "base"
            | "style"
            | "script"
            | "noscript"
            | "template"
    )
}

/// Whether an attribute may stay. `class` may not: of it, microformats are kept.
pub(super) fn may_keep(attribute: &str) -> bool {
    matches!(
        attribute,
        "content"
            | "name"
            | "property"
            | "itemprop"
            | "itemscope"
            | "itemtype"
            | "itemid"
            | "href"
            | "rel"
            | "type"
            | "sizes"
            | "hreflang"
            | "media"
            | "color"
            | "src"
            | "alt"
            | "title"
            | "width"
            | "height"
            | "datetime"
            | "cite"
            | "value"
            | "lang"
            | "xml:lang"
            | "dir"
            | "prefix"
            | "vocab"
            | "typeof"
            | "resource"
            | "about"
    ) || attribute.starts_with("xmlns")
}

/// The attributes that hold one URL.
pub(super) const URL_ATTRIBUTES: &[&str] = &["href", "src", "cite", "resource", "about", "itemid"];

/// What a `meta` element's `content` is, by its `property`, `name` or `itemprop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A picture's URL, which servers fetch: it goes through the shield.
    Picture,
    /// Another URL, which stays the original's.
    Url,
    /// Anything else.
    Text,
}

/// What the content of a `meta` with this name is.
pub(super) fn content_of(name: &str) -> Content {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "og:image"
        | "og:image:url"
        | "og:image:secure_url"
        | "og:logo"
        | "twitter:image"
        | "twitter:image:src"
        | "twitter:image0"
        | "twitter:image1"
        | "twitter:image2"
        | "twitter:image3"
        | "image"
        | "thumbnail"
        | "thumbnailurl"
        | "image_src"
        | "msapplication-tileimage"
        | "msapplication-square150x150logo"
        | "sailthru.image.thumb"
        | "sailthru.image.full"
        | "parsely-image-url"
        | "vk:image" => Content::Picture,
        "og:url"
        | "og:video"
        | "og:video:url"
        | "og:video:secure_url"
        | "og:audio"
        | "og:audio:url"
        | "og:audio:secure_url"
        | "twitter:player"
        | "twitter:player:stream"
        | "twitter:url"
        | "url"
        | "embedurl"
        | "contenturl" => Content::Url,
        _ => Content::Text,
    }
}

/// What becomes of a `link` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// It goes: style sheets, and what is for browsers alone.
    Drop,
    /// Servers fetch what it leads to: it goes through the shield.
    Shield,
    /// It leads to the original.
    Keep,
}

/// What becomes of a `link` with this `rel` and `type`.
pub(super) fn link(rel: &str, media_type: &str) -> Link {
    let rel = rel.to_ascii_lowercase();
    let has = |what: &[&str]| {
        rel.split_ascii_whitespace()
            .any(|word| what.contains(&word))
    };
    if has(&["canonical", "shortlink", "me"]) {
        Link::Keep
    } else if has(&[
        "stylesheet",
        "preload",
        "modulepreload",
        "prefetch",
        "preconnect",
        "dns-prefetch",
        "prerender",
        "manifest",
        "expect",
    ]) {
        Link::Drop
    } else if has(&["alternate"]) {
        // An oEmbed document is part of the preview: every server would ask for it.
        let is_oembed = media_type.to_ascii_lowercase().contains("oembed");
        if is_oembed { Link::Shield } else { Link::Keep }
    } else if has(&[
        "icon",
        "apple-touch-icon",
        "apple-touch-icon-precomposed",
        "mask-icon",
        "fluid-icon",
        "image_src",
        "thumbnail",
    ]) {
        Link::Shield
    } else {
        Link::Keep
    }
}
