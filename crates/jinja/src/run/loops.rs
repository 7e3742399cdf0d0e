//! `for`, and what `loop` knows.

use super::exec::Flow;
use super::{Args, Frame, Interp, Out};
use crate::error::{Fault, Res};
use crate::parse::ast::For;
use crate::value::{Object, V, equal, lock};
use std::cell::RefCell;
use std::rc::Rc;

/// `loop`.
pub struct Loop {
    state: RefCell<State>,
    /// How deep a recursive loop is, from 0.
    depth: u32,
    /// The loop and where it stands, when it can be called again.
    again: Option<(Rc<For>, Frame)>,
}

struct State {
    items: Rc<Vec<V>>,
    /// The next of the items to look at.
    next: usize,
    /// The condition of the loop, run as items are asked for.
    test: Option<(Rc<For>, Frame)>,
    /// How many rounds began.
    round: usize,
    current: Option<V>,
    before: Option<V>,
    /// The item after the current one, once it was asked for.
    after: Option<Option<V>>,
    changed: Option<Vec<V>>,
}

impl Interp<'_> {
    pub(super) fn for_loop(&mut self, node: &Rc<For>, frame: &Frame, out: &mut Out) -> Res<Flow> {
        let over = self.eval(&node.iter, frame)?;
        if node.recursive {
            let value = self.recursive_round(node, over, 0, frame)?;
            let bytes = out.push(value, &frame.template.name, node.iter.at)?;
            self.wrote(bytes)?;
            return Ok(Flow::Next);
        }
        let items = self.items(&over).map_err(|f| f.at(&frame.template.name, node.iter.at))?;
        self.rounds(node, items, 0, frame, frame, out)?;
        Ok(Flow::Next)
    }

    /// A recursive loop is a function that gives a text.
    fn recursive_round(&mut self, node: &Rc<For>, over: V, depth: u32, outer: &Frame) -> Res<V> {
        let items = self.items(&over)?;
        let frame = outer.inner(node.size);
        let mut out = self.out();
        self.deeper(|i| i.rounds(node, items, depth, outer, &frame, &mut out))?;
        Ok(out.finish())
    }

    fn rounds(
        &mut self,
        node: &Rc<For>,
        items: Rc<Vec<V>>,
        depth: u32,
        outer: &Frame,
        frame: &Frame,
        out: &mut Out,
    ) -> Res<()> {
        let test = node.test.is_some().then(|| (node.clone(), self.test_frame(node, outer)));
        if node.loop_slot.is_none() {
            // Nobody asks for `loop`: the items are all there is to know.
            let mut any = false;
            for item in items.iter() {
                if let Some((node, frame)) = &test
                    && !self.passes(node, item, frame)?
                {
                    continue;
                }
                match self.round(node, item.clone(), frame, out)? {
                    Flow::Break => break,
                    Flow::Continue => {}
                    Flow::Next => any = true,
                }
            }
            return self.after_rounds(node, any, frame, out);
        }
        let again = node.recursive.then(|| (node.clone(), outer.clone()));
        let state =
            State { items, next: 0, test, round: 0, current: None, before: None, after: None, changed: None };
        let this = Rc::new(Object::Loop(Loop { state: RefCell::new(state), depth, again }));
        let Object::Loop(own) = &*this else { return Ok(()) };
        let mut any = false;
        while let Some(item) = self.next_round(own)? {
            if let Some(slot) = node.loop_slot {
                frame.act.set(slot, Some(V::Obj(this.clone())));
            }
            match self.round(node, item, frame, out)? {
                Flow::Break => {
                    // Python's `else` of a loop asks whether a round was ended, and this one was not.
                    break;
                }
                Flow::Continue => {}
                Flow::Next => any = true,
            }
        }
        self.after_rounds(node, any, frame, out)
    }

    fn round(&mut self, node: &For, item: V, frame: &Frame, out: &mut Out) -> Res<Flow> {
        self.charge(1)?;
        self.assign(&node.target, item, frame).map_err(|f| f.at(&frame.template.name, node.target.at))?;
        self.enter(&node.scope, frame);
        self.deeper(|i| i.run(&node.body, frame, out))
    }

    fn after_rounds(&mut self, node: &For, any: bool, frame: &Frame, out: &mut Out) -> Res<()> {
        self.leave(&node.scope, frame);
        if let Some(slot) = node.loop_slot {
            frame.act.set(slot, None);
        }
        if !any && !node.other.is_empty() {
            self.enter(&node.other_scope, frame);
            self.deeper(|i| i.run(&node.other, frame, out))?;
            self.leave(&node.other_scope, frame);
        }
        Ok(())
    }

    fn test_frame(&mut self, node: &For, outer: &Frame) -> Frame {
        let frame = outer.inner(node.test_size);
        self.enter(&node.test_scope, &frame);
        frame
    }

    /// The next item that passes the condition.
    fn pull(&mut self, own: &Loop) -> Res<Option<V>> {
        loop {
            let (item, test) = {
                let mut state = lock(&own.state);
                let Some(item) = state.items.get(state.next).cloned() else { return Ok(None) };
                state.next += 1;
                (item, state.test.clone())
            };
            let Some((node, frame)) = test else { return Ok(Some(item)) };
            if self.passes(&node, &item, &frame)? {
                return Ok(Some(item));
            }
        }
    }

    /// Whether an item passes the condition, which is run in a frame of its own.
    fn passes(&mut self, node: &For, item: &V, frame: &Frame) -> Res<bool> {
        let (Some(test), Some(target)) = (&node.test, &node.test_target) else { return Ok(true) };
        self.charge(1)?;
        self.assign(target, item.clone(), frame)?;
        self.eval(test, frame)?.truth().map_err(|f| f.at(&frame.template.name, test.at))
    }

    fn next_round(&mut self, own: &Loop) -> Res<Option<V>> {
        let peeked = lock(&own.state).after.take();
        let item = match peeked {
            Some(item) => item,
            None => self.pull(own)?,
        };
        let Some(item) = item else { return Ok(None) };
        let mut state = lock(&own.state);
        state.round += 1;
        state.before = state.current.take();
        state.current = Some(item.clone());
        Ok(Some(item))
    }

    fn after(&mut self, own: &Loop) -> Res<Option<V>> {
        if let Some(after) = &lock(&own.state).after {
            return Ok(after.clone());
        }
        let after = self.pull(own)?;
        lock(&own.state).after = Some(after.clone());
        Ok(after)
    }

    /// How many rounds there are in all. With a condition, all items left are tried now.
    pub(super) fn loop_length(&mut self, own: &Loop) -> Res<usize> {
        if lock(&own.state).test.is_none() {
            return Ok(lock(&own.state).items.len());
        }
        let mut left = Vec::new();
        while let Some(item) = self.pull(own)? {
            left.push(item);
        }
        let mut state = lock(&own.state);
        let peeked = usize::from(matches!(state.after, Some(Some(_))));
        let length = state.round + peeked + left.len();
        // From here on the items are known: those past are only counted.
        let mut items = vec![V::None; state.round + peeked];
        items.extend(left);
        state.next = state.round + peeked;
        state.items = Rc::new(items);
        state.test = None;
        Ok(length)
    }

    /// `loop.name`.
    pub(super) fn loop_attr(&mut self, this: &Rc<Object>, own: &Loop, name: &str) -> Res<Option<V>> {
        let round = lock(&own.state).round;
        let int = |n: usize| Ok(Some(V::usize(n)));
        match name {
            "index" => int(round),
            "index0" => Ok(Some(V::Int(round as i128 - 1))),
            "first" => Ok(Some(V::Bool(round == 1))),
            "last" => Ok(Some(V::Bool(self.after(own)?.is_none()))),
            "length" => int(self.loop_length(own)?),
            "revindex" => Ok(Some(V::Int(self.loop_length(own)? as i128 - round as i128 + 1))),
            "revindex0" => Ok(Some(V::Int(self.loop_length(own)? as i128 - round as i128))),
            "depth" => Ok(Some(V::Int(i128::from(own.depth) + 1))),
            "depth0" => Ok(Some(V::Int(i128::from(own.depth)))),
            "previtem" => {
                let before = lock(&own.state).before.clone();
                Ok(Some(
                    before.unwrap_or_else(|| self.undefined_hint("there is no previous item", "previtem")),
                ))
            }
            "nextitem" => {
                let after = self.after(own)?;
                Ok(Some(after.unwrap_or_else(|| self.undefined_hint("there is no next item", "nextitem"))))
            }
            "cycle" => Ok(Some(V::obj(Object::Method { on: V::Obj(this.clone()), name: "cycle" }))),
            "changed" => Ok(Some(V::obj(Object::Method { on: V::Obj(this.clone()), name: "changed" }))),
            _ => Ok(None),
        }
    }

    pub(crate) fn loop_method(&mut self, own: &Loop, name: &str, args: Args) -> Res<V> {
        if let Some((keyword, _)) = args.named.first() {
            return Err(Fault::failed(format!(
                "loop.{name}() got an unexpected keyword argument '{keyword}'"
            )));
        }
        let values = args.positional;
        if name == "cycle" {
            let round = lock(&own.state).round.saturating_sub(1);
            return match values.len() {
                0 => Err(Fault::failed("no items for cycling given")),
                n => Ok(values.into_iter().nth(round % n).unwrap_or(V::None)),
            };
        }
        let last = lock(&own.state).changed.clone();
        if let Some(last) = last
            && equal(&V::tuple(last), &V::tuple(values.clone()))?
        {
            return Ok(V::Bool(false));
        }
        lock(&own.state).changed = Some(values);
        Ok(V::Bool(true))
    }

    /// `loop(items)`.
    pub(super) fn loop_again(&mut self, own: &Loop, args: Args) -> Res<V> {
        let Some((node, outer)) = own.again.clone() else {
            return Err(Fault::failed("The loop must have the 'recursive' marker to be called recursively."));
        };
        let [over] = args.take("loop", ["iterable"], 1)?;
        self.recursive_round(&node, over.unwrap_or(V::None), own.depth.saturating_add(1), &outer)
    }
}
