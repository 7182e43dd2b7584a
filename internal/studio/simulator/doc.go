// Package simulator plays an execution without a server: it performs the effects of a machine in a world of doubles, with a clock that it
// moves itself. `parley flow run` shows it to people, and tests tell it what customers write and what receivers answer.
//
// Invariants:
//   - It does no I/O of its own and asks nothing but its [World]; the same world and input give the same transcript.
//   - Whatever the world says, a play ends: each reply and each timeout is asked of the world, which can stop it.
package simulator
