/**
 * A worker's desk as the page shows it, and the pure rules that make it of
 * what the worker SDK tells.
 */

import type { Reservation, Worker } from "twilio-taskrouter";

export interface ActivityChoice {
  sid: string;
  name: string;
  available: boolean;
}

/** Something that the worker was asked to do, or does. */
export interface Work {
  /** The reservation's SID. */
  sid: string;
  taskSid: string;
  /** An offer, a conversation, or one that is being wrapped up. */
  status: "pending" | "accepted" | "wrapping";
  /** Who the customer is. */
  name: string;
  /** What else the task says of them, as a flow collected it: names and values. */
  known: readonly (readonly [name: string, value: string])[];
  queue: string;
  /** The channel to talk in; null for a task that is about none. */
  channelSid: string | null;
  /** When an offer ends, in milliseconds of this machine's clock. */
  deadline: number;
  /** How long the offer stands, in milliseconds. */
  offeredFor: number;
  /** True while a command is under way. */
  busy: boolean;
  /** Why the last command failed, in words for people. */
  problem: string | null;
}

/** Why an offer is gone that the worker did not answer here. */
export type Missed = "timeout" | "canceled" | "rescinded" | "lost";

export interface Notice {
  taskSid: string;
  name: string;
  why: Missed;
}

/**
 * What a reservation is to the desk, or null where it is over. `now` is the
 * time of its arrival: an offer that has just come stands for its whole time,
 * so that two clocks that differ do not matter; an older one stands for what
 * its creation leaves.
 */
export function workOf(reservation: Reservation, now: number, fresh: boolean): Work | null {
  const { sid, status, task } = reservation;
  if (status !== "pending" && status !== "accepted" && status !== "wrapping") return null;
  const offeredFor = reservation.timeout * 1000;
  const begun = fresh ? now : Math.max(Math.min(reservation.dateCreated.getTime(), now), now - offeredFor);
  return {
    sid,
    taskSid: task.sid,
    status,
    name: text(task.attributes.name) ?? text(task.attributes.customerAddress) ?? "A customer",
    known: knownOf(task.attributes),
    queue: task.queueName,
    channelSid: text(task.attributes.channelSid),
    deadline: begun + offeredFor,
    offeredFor,
    busy: false,
    problem: null,
  };
}

/** Attributes by which programs find each other; an agent has no use for them. */
const technical =
  /sid$|^(name|channel_?type|customerAddress|customerName|ignoreAgent|identity|from|direction)$/i;

/** More is a record for programs, and not a word to an agent. */
const MOST_KNOWN = 12;

function knownOf(attributes: Record<string, unknown>): [string, string][] {
  const known = Object.entries(attributes).flatMap(([name, value]): [string, string][] => {
    if (technical.test(name) || !["string", "number", "boolean"].includes(typeof value) || value === "")
      return [];
    return [[name, String(value)]];
  });
  return known.slice(0, MOST_KNOWN);
}

/** The activities to choose from, in the order of the workspace. */
export function choicesOf(worker: Worker): ActivityChoice[] {
  return [...worker.activities.values()].map(({ sid, name, available }) => ({ sid, name, available }));
}

/** Whole seconds that an offer still stands. */
export function secondsLeft(work: Work, now: number): number {
  return Math.max(0, Math.ceil((work.deadline - now) / 1000));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
