//! Filters: Jinja2's own, Ansible's, and the addresses of `ansible.utils`.

mod combine;
mod data;
mod files;
mod formats;
mod hashes;
mod html;
mod numbers;
mod patterns;
mod pyset;
mod sequences;
mod sets;
mod sorting;
mod strings;
pub(crate) mod time;
mod units;
mod urls;

pub(crate) use sorting::sorted;

use crate::error::{Fault, Res};
use crate::net;
use crate::run::{Args, Interp};
use crate::value::{V, text};
use std::rc::Rc;

/// A filter: what it is applied to, and its arguments.
pub(crate) type FilterFn = fn(&mut Interp<'_>, V, Args) -> Res<V>;

/// The text of anything, as Jinja2's `soft_str` makes it.
pub(crate) fn soft(value: &V) -> Res<Rc<str>> {
    match value {
        V::Str(text) | V::Safe(text) => Ok(text.clone()),
        V::Int(n) => Ok(short_text(*n)),
        other => Ok(Rc::from(text(other)?)),
    }
}

/// A number's text, made where it stays: the longest has forty characters.
fn short_text(n: i128) -> Rc<str> {
    let mut buffer = [b'0'; 40];
    let mut at = buffer.len();
    let mut rest = n.unsigned_abs();
    while at > 1 {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    Rc::from(std::str::from_utf8(&buffer[at..]).unwrap_or_default())
}

/// A text that must be one.
pub(crate) fn text_of(value: &V, what: &str) -> Res<Rc<str>> {
    match value {
        V::Str(text) | V::Safe(text) => Ok(text.clone()),
        V::Undefined(u) => Err(u.fault()),
        other => Err(Fault::failed(format!("`{what}` takes a text, not a {}", other.type_name()))),
    }
}

pub(crate) fn int_of(value: &V, what: &str) -> Res<i128> {
    match value {
        V::Undefined(u) => Err(u.fault()),
        other => other
            .as_int()
            .ok_or_else(|| Fault::failed(format!("`{what}` takes an integer, not a {}", other.type_name()))),
    }
}

/// An argument that is a condition.
pub(crate) fn flag(value: Option<V>, default: bool) -> Res<bool> {
    value.map_or(Ok(default), |v| v.truth())
}

/// An argument that was not given or is `None`.
pub(crate) fn given(value: Option<V>) -> Option<V> {
    value.filter(|v| !matches!(v, V::None))
}

/// What is said of a filter nobody knows.
pub(crate) fn unknown(name: &str) -> Box<Fault> {
    Fault::unsupported(format!("the filter `{name}` is not known"))
}

fn refused(_: &mut Interp<'_>, _: V, _: Args) -> Res<V> {
    Err(Fault::unsupported(
        "this filter is not supported: it asks for the machine it runs on, or for Windows paths",
    ))
}

/// The filter of a name.
pub(crate) fn find(name: &str) -> Option<FilterFn> {
    let plain = name.strip_prefix("ansible.builtin.").or(name.strip_prefix("ansible.utils.")).unwrap_or(name);
    let filter: FilterFn = match plain {
        "abs" => numbers::abs,
        "attr" => sequences::attr,
        "b64decode" => hashes::b64decode,
        "b64encode" => hashes::b64encode,
        "basename" => files::basename,
        "batch" => sequences::batch,
        "bool" => data::to_bool,
        "capitalize" => strings::capitalize,
        "center" => strings::center,
        "checksum" | "sha1" => hashes::sha1,
        "combinations" => sets::combinations,
        "combine" => combine::combine,
        "comment" => strings::comment,
        "commonpath" => files::commonpath,
        "count" | "length" => sequences::length,
        "d" | "default" => data::default,
        "dict2items" => data::dict2items,
        "dictsort" => sorting::dictsort,
        "difference" => sets::difference,
        "dirname" => files::dirname,
        "e" | "escape" => html::escape,
        "expanduser" | "expandvars" | "realpath" | "fileglob" | "win_basename" | "win_dirname"
        | "win_splitdrive" | "vault" | "unvault" => refused,
        "random" | "shuffle" => sets::random,
        "extract" => data::extract,
        "filesizeformat" => units::filesizeformat,
        "first" => sequences::first,
        "flatten" => data::flatten,
        "float" => numbers::float,
        "forceescape" => html::forceescape,
        "format" => strings::format,
        "from_json" => formats::from_json,
        "from_yaml" => formats::from_yaml,
        "from_yaml_all" => formats::from_yaml_all,
        "groupby" => sorting::groupby,
        "hash" => hashes::hash,
        "human_readable" => units::human_readable,
        "human_to_bytes" => units::human_to_bytes,
        "indent" => strings::indent,
        "int" => numbers::int,
        "intersect" => sets::intersect,
        "ipaddr" => net::filters::ipaddr,
        "ipmath" => net::filters::ipmath,
        "ipsubnet" => net::filters::ipsubnet,
        "ipv4" => net::filters::ipv4,
        "ipv6" => net::filters::ipv6,
        "ipwrap" => net::filters::ipwrap,
        "items" => sequences::items,
        "items2dict" => data::items2dict,
        "join" => sequences::join,
        "last" => sequences::last,
        "list" => sequences::list,
        "log" => numbers::log,
        "lower" => strings::lower,
        "mandatory" => data::mandatory,
        "map" => sequences::map,
        "max" => sorting::max,
        "md5" => hashes::md5,
        "min" => sorting::min,
        "network_in_usable" => net::filters::network_in_usable,
        "normpath" => files::normpath,
        "nthhost" => net::filters::nthhost,
        "password_hash" => hashes::password_hash,
        "path_join" => files::path_join,
        "permutations" => sets::permutations,
        "pow" => numbers::pow,
        "pprint" => strings::pprint,
        "product" => sets::product,
        "quote" => strings::quote,
        "regex_escape" => patterns::regex_escape,
        "regex_findall" => patterns::regex_findall,
        "regex_replace" => patterns::regex_replace,
        "regex_search" => patterns::regex_search,
        "reject" => sequences::reject,
        "rejectattr" => sequences::rejectattr,
        "rekey_on_member" => data::rekey_on_member,
        "relpath" => files::relpath,
        "replace" => strings::replace,
        "reverse" => sequences::reverse,
        "root" => numbers::root,
        "round" => numbers::round,
        "safe" => html::safe,
        "select" => sequences::select,
        "selectattr" => sequences::selectattr,
        "slice" => sequences::slice,
        "sort" => sorting::sort,
        "split" => strings::split,
        "splitext" => files::splitext,
        "strftime" => time::filter,
        "string" => strings::string,
        "striptags" => html::striptags,
        "subelements" => data::subelements,
        "sum" => sequences::sum,
        "symmetric_difference" => sets::symmetric_difference,
        "ternary" => data::ternary,
        "title" => strings::title,
        "to_datetime" => time::to_datetime,
        "to_json" => formats::to_json,
        "to_nice_json" => formats::to_nice_json,
        "to_nice_yaml" => formats::to_nice_yaml,
        "to_uuid" => hashes::to_uuid,
        "to_yaml" => formats::to_yaml,
        "tojson" => html::tojson,
        "trim" => strings::trim,
        "truncate" => strings::truncate,
        "type_debug" => data::type_debug,
        "union" => sets::union,
        "unique" => sorting::unique,
        "upper" => strings::upper,
        "urldecode" => urls::urldecode,
        "urlencode" => urls::urlencode,
        "urlize" => urls::urlize,
        "urlsplit" => urls::urlsplit,
        "wordcount" => strings::wordcount,
        "wordwrap" => strings::wordwrap,
        "xmlattr" => html::xmlattr,
        "zip" => sets::zip,
        "zip_longest" => sets::zip_longest,
        _ => return None,
    };
    Some(filter)
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_written_as_they_are() {
        for n in [0, 7, -7, 10, -100, i128::from(i64::MAX), i128::MAX, i128::MIN] {
            assert_eq!(*super::short_text(n), n.to_string());
        }
    }
}
