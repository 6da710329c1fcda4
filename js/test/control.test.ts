import assert from "node:assert/strict";
import { test } from "node:test";
import { Control } from "../src/kernel/control.ts";

test("a quiet control follows the kernel", () => {
  const control = new Control("a");
  control.arrived("b");
  assert.equal(control.shown, "b");
});

test("the echo of an older text never undoes newer typing", () => {
  const control = new Control("");
  control.edit("a");
  control.send();
  control.edit("ab"); // typed on, not sent yet
  control.arrived("a"); // the kernel took the first
  control.answered();
  assert.equal(control.shown, "ab");
  control.send();
  control.arrived("a"); // a late one, before the answer to the second
  control.answered();
  assert.equal(control.shown, "ab");
  control.arrived("ab");
  assert.equal(control.shown, "ab");
});

test("an echo that is late by a whole round is old news too", () => {
  const control = new Control("");
  control.edit("a");
  control.send();
  control.answered();
  control.edit("ab");
  control.send();
  control.arrived("a");
  control.answered();
  assert.equal(control.shown, "ab");
});

test("what the kernel made of a value is shown with the answer", () => {
  const control = new Control<number | null>(6);
  control.edit(5);
  control.send();
  control.arrived(4);
  assert.equal(control.shown, 5);
  control.answered();
  assert.equal(control.shown, 4);
});

test("what the kernel said before a send is overtaken by it", () => {
  const control = new Control("");
  control.edit("mine");
  control.arrived("theirs");
  control.send();
  control.answered();
  assert.equal(control.shown, "mine");
});

test("only the last of several answers settles it", () => {
  const control = new Control(1);
  control.edit(2);
  control.send();
  control.edit(3);
  control.send();
  control.arrived(7);
  control.answered();
  assert.equal(control.shown, 3);
  control.answered();
  assert.equal(control.shown, 7);
});

test("a refused value goes back to the kernel's", () => {
  const control = new Control(6);
  control.edit(7);
  control.send();
  control.refused(6);
  assert.equal(control.shown, 6);
});

test("a refusal does not undo a newer move", () => {
  const control = new Control(6);
  control.edit(7);
  control.send();
  control.edit(8);
  control.send();
  control.refused(6);
  assert.equal(control.shown, 8);
});
