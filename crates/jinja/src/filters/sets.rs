//! Filters on lists as sets, and combinations of lists.

use super::pyset::PySet;
use super::sorting::by_comparing;
use super::{given, int_of};
use crate::error::{Fault, Res};
use crate::run::{Args, Interp};
use crate::value::{V, equal};
use std::rc::Rc;

type Items = Rc<Vec<V>>;

fn both(interp: &mut Interp<'_>, on: &V, args: Args, what: &str) -> Res<(Items, Items)> {
    let [other] = args.take(what, ["b"], 1)?;
    Ok((interp.items(on)?, interp.items(&other.unwrap_or(V::None))?))
}

fn is_in(interp: &mut Interp<'_>, item: &V, items: &[V]) -> Res<bool> {
    interp.charge(items.len() as u64 / 4 + 1)?;
    for other in items {
        if equal(item, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn filtered(interp: &mut Interp<'_>, a: &[V], b: &[V], wanted: bool) -> Res<Vec<V>> {
    let mut out = Vec::new();
    for item in a {
        if is_in(interp, item, b)? == wanted {
            out.push(item.clone());
        }
    }
    Ok(out)
}

/// Both as Python's sets, where their order is known: that of numbers.
fn numbers(a: &[V], b: &[V]) -> Option<(PySet, PySet)> {
    Some((PySet::of(a)?, PySet::of(b)?))
}

pub(super) fn union(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let (a, b) = both(interp, &on, args, "union")?;
    if let Some((a, b)) = numbers(&a, &b) {
        return Ok(V::list(a.union(&b).into_items()));
    }
    let all: Vec<V> = a.iter().chain(b.iter()).cloned().collect();
    by_comparing(interp, &all).map(V::list)
}

pub(super) fn intersect(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let (a, b) = both(interp, &on, args, "intersect")?;
    if let Some((a, b)) = numbers(&a, &b) {
        return Ok(V::list(a.intersection(&b).into_items()));
    }
    let some = filtered(interp, &a, &b, true)?;
    by_comparing(interp, &some).map(V::list)
}

pub(super) fn difference(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let (a, b) = both(interp, &on, args, "difference")?;
    if let Some((a, b)) = numbers(&a, &b) {
        return Ok(V::list(a.difference(&b).into_items()));
    }
    let some = filtered(interp, &a, &b, false)?;
    by_comparing(interp, &some).map(V::list)
}

pub(super) fn symmetric_difference(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let (a, b) = both(interp, &on, args, "symmetric_difference")?;
    if let Some((a, b)) = numbers(&a, &b) {
        return Ok(V::list(a.symmetric_difference(&b).into_items()));
    }
    let common = filtered(interp, &a, &b, true)?;
    let all: Vec<V> = a.iter().chain(b.iter()).cloned().collect();
    let all = by_comparing(interp, &all)?;
    filtered(interp, &all, &common, false).map(V::list)
}

fn lists(interp: &mut Interp<'_>, on: &V, args: Vec<V>) -> Res<Vec<Rc<Vec<V>>>> {
    std::iter::once(on.clone()).chain(args).map(|v| interp.items(&v)).collect()
}

pub(super) fn zip(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    if let Some((name, _)) = args.named.first() {
        return Err(Fault::unsupported(format!("the option `{name}` of `zip` is not supported")));
    }
    let lists = lists(interp, &on, args.positional)?;
    let length = lists.iter().map(|l| l.len()).min().unwrap_or(0);
    let rows = (0..length).map(|i| V::tuple(lists.iter().map(|l| l[i].clone()).collect())).collect();
    Ok(V::iter("zip", rows))
}

pub(super) fn zip_longest(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let fill = args.named("fillvalue").unwrap_or(V::None);
    if let Some((name, _)) = args.named.first() {
        return Err(Fault::failed(format!("zip_longest() got an unexpected keyword argument '{name}'")));
    }
    let lists = lists(interp, &on, args.positional)?;
    let length = lists.iter().map(|l| l.len()).max().unwrap_or(0);
    interp.charge((length as u64).saturating_mul(lists.len() as u64))?;
    let item = |l: &Rc<Vec<V>>, i: usize| l.get(i).cloned().unwrap_or_else(|| fill.clone());
    let rows = (0..length).map(|i| V::tuple(lists.iter().map(|l| item(l, i)).collect())).collect();
    Ok(V::iter("itertools.zip_longest", rows))
}

pub(super) fn product(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    let repeat = args.named("repeat").map_or(Ok(1), |r| int_of(&r, "product"))?;
    if let Some((name, _)) = args.named.first() {
        return Err(Fault::failed(format!("product() got an unexpected keyword argument '{name}'")));
    }
    let once = lists(interp, &on, args.positional)?;
    let repeat = usize::try_from(repeat).map_err(|_| Fault::failed("repeat argument cannot be negative"))?;
    interp.charge(repeat as u64)?;
    let lists: Vec<_> = (0..repeat).flat_map(|_| once.iter().cloned()).collect();
    let mut rows: Vec<Vec<V>> = vec![Vec::new()];
    for list in &lists {
        interp.charge((rows.len() as u64).saturating_mul(list.len() as u64))?;
        rows = rows
            .iter()
            .flat_map(|row| list.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect()))
            .collect();
    }
    Ok(V::iter("itertools.product", rows.into_iter().map(V::tuple).collect()))
}

fn size(args: Args, what: &str, all: usize) -> Res<usize> {
    let [r] = args.take(what, ["r"], usize::from(what == "combinations"))?;
    match given(r) {
        None => Ok(all),
        Some(r) => usize::try_from(int_of(&r, what)?).map_err(|_| Fault::failed("r must be non-negative")),
    }
}

/// Rows of `r` of `n` indices; `fits` says whether an index may follow the ones before it.
fn rows(
    interp: &mut Interp<'_>,
    n: usize,
    r: usize,
    fits: fn(&[usize], usize) -> bool,
) -> Res<Vec<Vec<usize>>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..r.min(n + 1) {
        let mut longer = Vec::new();
        for row in &rows {
            interp.charge(n as u64)?;
            for i in (0..n).filter(|i| fits(row, *i)) {
                longer.push(row.iter().copied().chain([i]).collect());
            }
        }
        rows = longer;
    }
    Ok(rows)
}

pub(super) fn permutations(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let items = interp.items(&on)?;
    let r = size(args, "permutations", items.len())?;
    let rows = rows(interp, items.len(), r, |row, i| !row.contains(&i))?;
    let pick = |row: Vec<usize>| V::tuple(row.into_iter().map(|i| items[i].clone()).collect());
    Ok(V::iter("itertools.permutations", rows.into_iter().map(pick).collect()))
}

pub(super) fn combinations(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let items = interp.items(&on)?;
    let r = size(args, "combinations", items.len())?;
    let rows = rows(interp, items.len(), r, |row, i| row.last().is_none_or(|last| i > *last))?;
    let pick = |row: Vec<usize>| V::tuple(row.into_iter().map(|i| items[i].clone()).collect());
    Ok(V::iter("itertools.combinations", rows.into_iter().map(pick).collect()))
}

/// Chance with a seed is Python's Mersenne Twister, which is not here; without one it is refused anyway.
pub(super) fn random(_: &mut Interp<'_>, _: V, _: Args) -> Res<V> {
    Err(Fault::unsupported("`random` and `shuffle` are not supported: a render would differ each time")
        .with_help("put the choice into a variable"))
}
