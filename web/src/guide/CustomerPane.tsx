import { type FormEvent, useRef, useState } from "react";
import { MAX_NAME_LENGTH, nameProblem } from "../chat/limits";
import { Logo } from "../ui/Logo";
import { Conversation } from "./Conversation";
import { Pane, type PaneProps } from "./Pane";

export function CustomerPane({ guide, state, visible, live, ...frame }: PaneProps) {
  return (
    <Pane side="customer" label="Customer's side" visible={visible} {...frame}>
      {state.customer ? (
        <Conversation
          key={state.customer.identity}
          session={state.customer}
          title={{ alone: "Waiting for an agent", role: "Customer’s side" }}
          placeholder="Write to the agent"
          visible={visible}
          live={live}
        />
      ) : (
        <Welcome onStart={(name) => guide.start(name)} />
      )}
    </Pane>
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
