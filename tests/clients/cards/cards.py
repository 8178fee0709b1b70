"""Draws the card of pages with libraries that know nothing of rockpool: linkpreview, extruct and mf2py.

Reads a JSON list of {"url": where the page is, "content_type": as its server said, "file": where its bytes are} from
standard input, and prints the list of their cards as JSON. All URLs in it are absolute, and percent-encoded as browsers
do.
"""

import json
import sys
import warnings
from urllib.parse import urljoin, urlsplit

import extruct
import mf2py
from bs4 import BeautifulSoup
from linkpreview.link import Link
from linkpreview.linkpreview import LinkPreview
from w3lib.encoding import html_to_unicode
from w3lib.html import get_base_url
from w3lib.url import safe_url_string

# Fields of schema.org from which Mastodon, Misskey and others draw.
FIELDS = {
    "@type", "headline", "name", "alternativeHeadline", "description", "image", "thumbnailUrl", "datePublished",
    "dateModified", "author", "publisher", "creator", "url", "logo", "inLanguage", "embedUrl", "uploadDate",
    "duration", "offers", "price", "priceCurrency", "isAccessibleForFree", "contentUrl", "mainEntityOfPage",
}


def card_of(page):
    raw = open(page["file"], "rb").read()
    encoding, text = html_to_unicode(page["content_type"], raw)
    base = get_base_url(text, page["url"])
    soup = BeautifulSoup(text, "html5lib")
    preview = LinkPreview(Link(page["url"], text), soup=soup)
    structured = extruct.extract(
        text, base_url=base, syntaxes=["opengraph", "json-ld"], errors="log"
    )
    return {
        "title": words(preview.title),
        "description": words(preview.description),
        # The last source would make one up from the URL.
        "site_name": words(next((it.site_name for it in preview.sources[:-1] if it.site_name), None)),
        "image": absolute(base, preview.image),
        # One in a data: URL cannot be fetched, and no server shows it.
        "favicons": [
            [absolute(base, icon), sizes]
            for icon, sizes, _ in preview.generic.favicon
            if not icon.startswith("data:")
        ],
        "document_title": words(soup.title.text if soup.title else None),
        "language": soup.html.get("lang") if soup.html else None,
        "opengraph": [
            [name, absolute(base, value) if is_url(name) else words(value)]
            for item in structured["opengraph"]
            for name, value in item["properties"]
        ],
        "named": named(soup, base),
        "links": links(soup, base),
        "json_ld": [fields(item, base) for item in structured["json-ld"]],
        "microformats": microformats(text, base),
    }


def words(text):
    """White space is drawn as one space."""
    return " ".join(text.split()) if text else None


def absolute(base, url):
    if not url:
        return None
    url = urljoin(base, url.strip())
    return safe_url_string(url) if urlsplit(url).scheme in ("http", "https") else url


def is_url(name):
    parts = name.split(":")
    return parts[-1] in ("url", "secure_url", "image", "video", "audio", "player", "stream", "src")


def named(soup, base):
    """Twitter cards and what else `meta name` says about a page, apart from what is for browsers and search engines."""
    about = ("description", "author", "theme-color", "application-name", "fediverse:creator", "generator", "robots")
    found = []
    for meta in soup.find_all("meta", content=True):
        name = (meta.get("name") or meta.get("property") or "").lower()
        if name in about or name.startswith(("twitter:", "article:", "dc.", "citation_", "music:", "book:", "product:")):
            value = meta["content"]
            found.append([name, absolute(base, value) if is_url(name) else words(value)])
    return found


def links(soup, base):
    """Links that cards are drawn from or that software follows: oEmbed, feeds, ActivityPub, canonical, rel=me."""
    found = []
    for link in soup.find_all(["link", "a"], href=True):
        rels = [rel.lower() for rel in link.get("rel") or []]
        wanted = {"canonical", "me", "shortlink", "author", "license", "image_src"}
        if link.name == "link":
            wanted |= {"alternate", "webmention", "pingback", "authorization_endpoint"}
        for rel in rels:
            if rel in wanted:
                found.append([rel, link.get("type"), absolute(base, link["href"])])
    # Misnested markup may repeat a link, which changes nothing.
    return sorted({json.dumps(link): link for link in found}.values(), key=json.dumps)


def fields(item, base):
    if isinstance(item, list):
        return [fields(member, base) for member in item]
    if isinstance(item, dict):
        return {
            name: fields(value, base)
            for name, value in sorted(item.items())
            if name in FIELDS or name == "@graph"
        }
    if isinstance(item, str) and item.startswith(("http://", "https://", "//", "/")):
        return absolute(base, item)
    return item


def microformats(text, base):
    """What says who wrote it and when; the text of a post is not part of its card."""
    parsed = mf2py.parse(doc=text, url=base, html_parser="html5lib")
    kept = ("name", "url", "photo", "author", "published", "summary")

    def slim(item):
        if not isinstance(item, dict):
            return item
        properties = item.get("properties", {})
        value = {name: [slim(it) for it in properties[name]] for name in kept if name in properties}
        return {"type": item.get("type"), **value} if "type" in item else item.get("value")

    return {"items": [slim(item) for item in parsed["items"]], "me": parsed["rels"].get("me", [])}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump([card_of(page) for page in json.load(sys.stdin)], sys.stdout, ensure_ascii=True)
