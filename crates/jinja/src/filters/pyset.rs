//! A Python `set` of numbers, in the order CPython 3.11 walks it.
//!
//! Ansible's `union` and its kin go through sets. That order is the table's, which hashes decide; those of numbers
//! are the same in each run. Texts have others in each run, so that any order is one of Python's.

use crate::value::V;

const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
const SMALLEST: usize = 8;
/// From here on a table grows less.
const MANY: usize = 50_000;

#[derive(Clone)]
enum Slot {
    Empty,
    /// Something was here and was taken out.
    Dummy,
    Used(u64, V),
}

#[derive(Clone)]
pub(super) struct PySet {
    table: Vec<Slot>,
    /// Slots that are not empty.
    fill: usize,
    used: usize,
}

const BITS: i32 = 61;
const MODULUS: u128 = (1 << BITS) - 1;

/// `hash()` of a number, as the unsigned word it is in a table.
fn hash(value: &V) -> Option<u64> {
    let (rest, negative) = match value {
        V::Float(x) => (of_float(*x)?, *x < 0.0),
        other => {
            let n = other.as_int()?;
            (u64::try_from(n.unsigned_abs() % MODULUS).ok()?, n < 0)
        }
    };
    let signed = if negative { -i64::try_from(rest).ok()? } else { i64::try_from(rest).ok()? };
    // -1 says "failed" in C.
    Some((if signed == -1 { -2 } else { signed }) as u64)
}

/// A float's mantissa times its power of two, modulo 2^61 - 1: multiplying by two turns the bits round.
fn of_float(x: f64) -> Option<u64> {
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).ok()?;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) };
    let turns = exponent.rem_euclid(BITS);
    u64::try_from((u128::from(mantissa) << turns) % MODULUS).ok()
}

fn same(a: &V, b: &V) -> bool {
    crate::value::equal(a, b).unwrap_or(false)
}

impl PySet {
    fn new() -> PySet {
        PySet { table: vec![Slot::Empty; SMALLEST], fill: 0, used: 0 }
    }
    /// `set(items)`; nothing when one is no whole number.
    pub fn of(items: &[V]) -> Option<PySet> {
        let mut set = PySet::new();
        for item in items {
            set.add(hash(item)?, item.clone());
        }
        Some(set)
    }
    pub fn into_items(self) -> Vec<V> {
        self.table
            .into_iter()
            .filter_map(|slot| match slot {
                Slot::Used(_, value) => Some(value),
                _ => None,
            })
            .collect()
    }
    fn entries(&self) -> impl Iterator<Item = (u64, &V)> {
        self.table.iter().filter_map(|slot| match slot {
            Slot::Used(hash, value) => Some((*hash, value)),
            _ => None,
        })
    }

    /// Where a value is, or else where it would go: into the last dummy its search met, or the empty slot it
    /// ended at.
    fn find(&self, hash: u64, value: &V) -> Result<usize, usize> {
        let mut free = None;
        let mask = self.table.len() - 1;
        let mut perturb = hash;
        let mut at = hash as usize & mask;
        loop {
            let probes = if at + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for here in at..=at + probes {
                match &self.table[here] {
                    Slot::Empty => return Err(free.unwrap_or(here)),
                    Slot::Dummy => free = Some(here),
                    Slot::Used(other, known) if *other == hash && same(known, value) => return Ok(here),
                    _ => {}
                }
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
        }
    }
    fn holds(&self, hash: u64, value: &V) -> bool {
        self.find(hash, value).is_ok()
    }
    fn add(&mut self, hash: u64, value: V) {
        let Err(at) = self.find(hash, &value) else { return };
        let dummy = std::mem::replace(&mut self.table[at], Slot::Used(hash, value));
        self.used += 1;
        if matches!(dummy, Slot::Dummy) {
            return;
        }
        self.fill += 1;
        if self.fill * 5 >= (self.table.len() - 1) * 3 {
            self.grow();
        }
    }
    /// Takes a value out; says whether it was there.
    fn discard(&mut self, hash: u64, value: &V) -> bool {
        let Ok(at) = self.find(hash, value) else { return false };
        self.table[at] = Slot::Dummy;
        self.used -= 1;
        true
    }
    fn grow(&mut self) {
        self.resize(if self.used > MANY { self.used * 2 } else { self.used * 4 });
    }
    fn resize(&mut self, least: usize) {
        let mut size = SMALLEST;
        while size <= least {
            size *= 2;
        }
        let old = std::mem::replace(&mut self.table, vec![Slot::Empty; size]);
        self.fill = self.used;
        for slot in old {
            if let Slot::Used(hash, value) = slot
                && let Err(at) = self.find(hash, &value)
            {
                self.table[at] = Slot::Used(hash, value);
            }
        }
    }
    /// Takes in all of another set, after one step of growth for all.
    fn merge(&mut self, other: &PySet) {
        if (self.fill + other.used) * 5 >= (self.table.len() - 1) * 3 {
            self.resize((self.used + other.used) * 2);
        }
        if self.fill == 0 {
            if self.table.len() == other.table.len() && other.fill == other.used {
                *self = other.clone();
                return;
            }
            for (hash, value) in other.entries() {
                if let Err(at) = self.find(hash, value) {
                    self.table[at] = Slot::Used(hash, value.clone());
                }
            }
            (self.fill, self.used) = (other.used, other.used);
            return;
        }
        for (hash, value) in other.entries() {
            self.add(hash, value.clone());
        }
    }
    fn copy(&self) -> PySet {
        let mut copy = PySet::new();
        copy.merge(self);
        copy
    }

    pub fn union(&self, other: &PySet) -> PySet {
        let mut out = self.copy();
        out.merge(other);
        out
    }
    pub fn intersection(&self, other: &PySet) -> PySet {
        let (large, small) = if other.used > self.used { (other, self) } else { (self, other) };
        let mut out = PySet::new();
        for (hash, value) in small.entries().filter(|(hash, value)| large.holds(*hash, value)) {
            out.add(hash, value.clone());
        }
        out
    }
    pub fn difference(&self, other: &PySet) -> PySet {
        if self.used >> 2 > other.used {
            let mut out = self.copy();
            for (hash, value) in other.entries() {
                out.discard(hash, value);
            }
            if out.fill - out.used > (out.table.len() - 1) / 4 {
                out.grow();
            }
            return out;
        }
        let mut out = PySet::new();
        for (hash, value) in self.entries().filter(|(hash, value)| !other.holds(*hash, value)) {
            out.add(hash, value.clone());
        }
        out
    }
    pub fn symmetric_difference(&self, other: &PySet) -> PySet {
        let mut out = other.copy();
        for (hash, value) in self.entries() {
            if !out.discard(hash, value) {
                out.add(hash, value.clone());
            }
        }
        out
    }
}
