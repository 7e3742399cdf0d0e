//! Disks that are full or cannot be written.

use crate::case::{After, Case};
use crate::verdict::Told;
use crate::watch::while_stopped;

/// The agent's own state, or the configuration, lies on a small file system of its own that is filled up to
/// a few KiB: before the apply, or when it is armed.
pub(super) fn full(case: &mut Case<'_>) -> Result<(Told, After), String> {
    let (place, lift) = if case.dice.percent(50) {
        ("/var/lib/fleetwright", LIFT_STATE)
    } else {
        ("/etc/chaos", LIFT_CONFIGURATION)
    };
    let late = case.dice.percent(70);
    // An apply that finds less than it needs does not begin.
    let free = case.dice.below(12).pow(2) * if late { 1 } else { 6 };
    case.detail = format!("{free} KiB free in {place}{}", if late { ", when armed" } else { "" });
    case.bench.sh(&format!(
        "set -e; d=/run/chaos-disk; size=$(($(du -sk {place} | cut -f1) + 2048)); mkdir -p $d; \
         mount -t tmpfs -o size=${{size}}k chaos $d; mkdir $d/data; cp -a {place}/. $d/data/; \
         chown --reference={place} $d/data; chmod --reference={place} $d/data; mount --bind $d/data {place}"
    ))?;
    let fill = format!(
        "d=/run/chaos-disk; left=$(df -k --output=avail $d | tail -1); n=$((left - {free})); \
         [ $n -le 0 ] || head -c ${{n}}k /dev/zero > $d/filler"
    );
    if !late {
        case.bench.sh(&fill)?;
    }
    let told = case.apply_while(|| {
        if late && case.await_line(|l| l.state == "armed" || l.is_final()).is_some() {
            while_stopped(&case.bench.host, || {
                // It is as full as it can be, also when the last block did not fit.
                let _ = case.bench.sh(&fill);
            });
        }
    });
    Ok((told, After { lift: Some(lift), ..After::default() }))
}

const LIFT_STATE: &str = "set -e; d=/run/chaos-disk; p=/var/lib/fleetwright; rm -f $d/filler; umount -l $p; \
    find $p -mindepth 1 -delete; cp -a $d/data/. $p/; umount -l $d; rmdir $d";
const LIFT_CONFIGURATION: &str = "set -e; d=/run/chaos-disk; p=/etc/chaos; rm -f $d/filler; umount -l $p; \
    find $p -mindepth 1 -delete; cp -a $d/data/. $p/; chown --reference=$d/data $p; \
    chmod --reference=$d/data $p; umount -l $d; rmdir $d";

/// The whole disk cannot be written any more, from a moment on.
pub(super) fn read_only(case: &mut Case<'_>) -> Result<(Told, After), String> {
    let at = case.dice.word(&["", "staged", "armed", "switching", "switched", "observed"]);
    case.detail = format!("from {}", if at.is_empty() { "before" } else { at });
    // Nobody must have a file open for writing at that moment, so it is tried again.
    let script =
        "n=0; until mount -o remount,bind,ro /; do n=$((n+1)); [ $n -lt 20 ] || exit 1; done 2>/dev/null";
    if at.is_empty() {
        case.bench.sh(script)?;
    }
    let told = case.apply_while(|| {
        if !at.is_empty() && case.await_line(|l| l.state == at || l.is_final()).is_some() {
            while_stopped(&case.bench.host, || {
                // When it stays busy the case is one without a fault.
                let _ = case.bench.sh(script);
            });
        }
    });
    Ok((told, After { lift: Some("mount -o remount,bind,rw /"), ..After::default() }))
}
