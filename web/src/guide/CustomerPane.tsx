import { type FormEvent, useRef, useState } from "react";
import { MAX_NAME_LENGTH, nameProblem } from "../chat/limits";
import type { Snapshot } from "../chat/session";
import { Logo } from "../ui/Logo";
import { useLostFocus } from "../ui/useLostFocus";
import { Conversation } from "./Conversation";
import { Pane, type PaneProps } from "./Pane";

export function CustomerPane({ guide, state, visible, live, engaged, ...frame }: PaneProps) {
  return (
    <Pane side="customer" label="Customer's side" visible={visible} {...frame}>
      {state.customer ? (
        <Conversation
          key={state.customer.identity}
          session={state.customer}
          title={{ alone: "Talk to us", role: "Customer’s side" }}
          placeholder="Write to the agent"
          note={waiting}
          over={<Over engaged={engaged} onAgain={() => guide.reset()} />}
          visible={visible}
          live={live}
          engaged={engaged}
        />
      ) : (
        <Welcome onStart={(name) => guide.start(name)} />
      )}
    </Pane>
  );
}

/** The customer's first message asks for an agent. */
function waiting({ ended, others, timeline }: Snapshot): string | null {
  if (ended || others.length > 0) return null;
  const asked = timeline.messages.length + timeline.outbox.length > 0;
  return asked
    ? "An agent will be with you soon."
    : "Write your first message, and an agent will be with you.";
}

function Over({ engaged, onAgain }: { engaged: boolean; onAgain: () => void }) {
  const again = useRef<HTMLButtonElement>(null);
  useLostFocus(again, engaged);
  return (
    <div className="over" role="status">
      <p>The chat has ended.</p>
      <button ref={again} type="button" className="button primary" onClick={onAgain}>
        Start a new chat
      </button>
    </div>
  );
}

function Welcome({ onStart }: { onStart: (name: string) => void }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = nameProblem(name);
    setProblem(wrong);
    if (wrong) input.current?.focus();
    else onStart(name.trim());
  };

  return (
    <form className="welcome" onSubmit={submit} noValidate>
      <Logo size={44} />
      <h2>Talk to us</h2>
      <p>You are the customer. Say who you are, and a conversation begins.</p>
      <label htmlFor="name">Your name</label>
      <input
        ref={input}
        id="name"
        name="name"
        autoComplete="given-name"
        value={name}
        onChange={(event) => {
          setName(event.target.value);
          setProblem(null);
        }}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? "name-problem" : "name-hint"}
      />
      {problem ? (
        <p id="name-problem" className="field-problem" role="alert">
          {problem}
        </p>
      ) : (
        <p id="name-hint" className="hint">
          Any name, up to {MAX_NAME_LENGTH} characters.
        </p>
      )}
      <button type="submit" className="button primary">
        Start the conversation
      </button>
    </form>
  );
}
