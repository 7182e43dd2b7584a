import { type DragEvent, useCallback, useState } from "react";
import { fileProblem } from "../chat/limits";
import type { ChatSession, Snapshot } from "../chat/session";
import { useSession } from "../chat/useSession";
import { initial } from "../lib/text";
import { Icon } from "../ui/Icon";
import { Composer } from "./Composer";
import { AGENT } from "./guide";
import { MessageList } from "./MessageList";

interface Props {
  session: ChatSession;
  title: { alone: string; role: string };
  placeholder: string;
  visible: boolean;
  live: boolean;
}

/** One side of a conversation: who is there, what was said, and where to write. */
export function Conversation({ session, title, placeholder, visible, live }: Props) {
  const state = useSession(session);
  const [problem, setProblem] = useState<string | null>(null);
  const [dropping, setDropping] = useState(false);

  const sendFiles = useCallback(
    (files: Iterable<File>) => {
      const problems: string[] = [];
      for (const file of files) {
        const wrong = fileProblem(file);
        if (wrong) problems.push(wrong);
        else session.sendFile(file);
      }
      setProblem(problems.join(" ") || null);
    },
    [session],
  );

  if (state.phase === "opening" || state.phase === "failed")
    return <Opening state={state} session={session} />;

  const nameOf = (identity: string) => displayName(state, identity);
  const heading = state.others.length > 0 ? state.others.map(nameOf).join(", ") : title.alone;

  const drag = {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      setDropping(true);
    },
    onDragLeave: () => setDropping(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setDropping(false);
      sendFiles(event.dataTransfer.files);
    },
  };

  return (
    // Dropping a file is a short cut; the attach button does the same for everyone.
    <div className={dropping ? "conversation dropping" : "conversation"} {...drag}>
      <header className="with">
        <span className="avatar" aria-hidden="true">
          {state.others.length > 0 ? initial(heading) : "…"}
        </span>
        <span className="who">
          <h2>{heading}</h2>
          <small>{title.role}</small>
        </span>
      </header>
      <Banner state={state} />
      <MessageList session={session} state={state} nameOf={nameOf} visible={visible} live={live} />
      <Typing names={state.typing.map(nameOf)} />
      {state.phase === "open" && (
        <Composer
          placeholder={placeholder}
          problem={problem}
          onProblem={setProblem}
          onText={(text) => session.sendText(text)}
          onFiles={sendFiles}
          onTyping={() => session.type()}
        />
      )}
    </div>
  );
}

function Opening({ state, session }: { state: Snapshot; session: ChatSession }) {
  if (state.phase === "opening")
    return (
      <div className="welcome" role="status">
        <span className="spinner" aria-hidden="true" />
        <h2>Connecting…</h2>
      </div>
    );
  return (
    <div className="welcome" role="alert">
      <Icon name="alert" size={36} />
      <h2>That did not work</h2>
      <p>{state.problem}</p>
      <button type="button" className="button primary" onClick={() => session.open()}>
        Try again
      </button>
    </div>
  );
}

/** Says what is wrong with the connection, and nothing while all is well. */
function Banner({ state }: { state: Snapshot }) {
  const text =
    state.phase === "closed"
      ? "This conversation was ended."
      : state.connection === "connected"
        ? null
        : state.connection === "denied"
          ? "Signing in again…"
          : "The connection was lost. Reconnecting…";
  return (
    <div role="status">
      {text && (
        <p className="banner">
          {state.phase !== "closed" && <span className="spinner small" aria-hidden="true" />}
          {text}
        </p>
      )}
    </div>
  );
}

function Typing({ names }: { names: string[] }) {
  return (
    <p className="typing">
      {names.length > 0 && (
        <>
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {names.join(", ")} {names.length === 1 ? "is" : "are"} typing
        </>
      )}
    </p>
  );
}

function displayName(state: Snapshot, identity: string): string {
  const name = state.names[identity] ?? identity;
  return name === AGENT ? "Agent" : name;
}
