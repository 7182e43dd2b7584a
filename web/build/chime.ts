// The sound of an incoming task, computed here so that no recording is kept in the tree.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const RATE = 11_025; // samples per second; the tones end at 1 kHz
const SECONDS = 2.4; // the desktop plays it in a loop, so most of it is silence
const NOTES = [
  { at: 0, hertz: 659.25 },
  { at: 0.16, hertz: 880 },
];
const FADE = 0.14; // seconds after which a note has a third of its loudness
const LOUDNESS = 0.35;

/** A WAV file: mono, eight bits. */
export function chime(): Buffer {
  const samples = Buffer.alloc(Math.round(RATE * SECONDS));
  for (let i = 0; i < samples.length; i++) {
    let value = 0;
    for (const { at, hertz } of NOTES) {
      const t = i / RATE - at;
      if (t > 0) value += Math.sin(2 * Math.PI * hertz * t) * Math.min(1, t / 0.005) * Math.exp(-t / FADE);
    }
    samples[i] = 128 + Math.round(127 * LOUDNESS * value);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE, 28); // bytes per second
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34); // bits
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

export function writeChime(out: string): void {
  const file = join(out, "desktop/incoming.wav");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, chime());
}
