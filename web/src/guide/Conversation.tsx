import { type DragEvent, type ReactNode, useCallback, useState } from "react";
import { fileProblem } from "../chat/limits";
import type { ChatSession, Snapshot } from "../chat/session";
import { useSession } from "../chat/useSession";
import { initial } from "../lib/text";
import { Composer } from "./Composer";
import { AGENT } from "./guide";
import { MessageList } from "./MessageList";
import { Opening } from "./Opening";

interface Props {
  session: ChatSession;
  /** What stands above; without it, somebody else has said with whom this is. */
  title?: { alone: string; role: string };
  placeholder: string;
  visible: boolean;
  live: boolean;
  engaged: boolean;
  /** What there is to know while all is well. */
  note?: (state: Snapshot) => string | null;
  /** What takes the place of the field once the conversation is over. */
  over: ReactNode;
}

/** One side of a conversation: who is there, what was said, and where to write. */
export function Conversation({ session, title, placeholder, note, over, ...pane }: Props) {
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
    return <Opening problem={state.problem} onRetry={() => session.open()} />;

  const nameOf = (identity: string) => displayName(state, identity);

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
      {title && <Heading names={state.others.map(nameOf)} {...title} />}
      <Banner state={state} note={note?.(state) ?? null} />
      <MessageList session={session} state={state} nameOf={nameOf} visible={pane.visible} live={pane.live} />
      <Typing names={state.typing.map(nameOf)} />
      {state.ended
        ? over
        : state.phase === "open" && (
            <Composer
              placeholder={placeholder}
              problem={problem}
              engaged={pane.engaged}
              onProblem={setProblem}
              onText={(text) => session.sendText(text)}
              onFiles={sendFiles}
              onTyping={() => session.type()}
            />
          )}
    </div>
  );
}

function Heading({ names, alone, role }: { names: string[]; alone: string; role: string }) {
  const heading = names.join(", ") || alone;
  return (
    <header className="with">
      <span className="avatar" aria-hidden="true">
        {names.length > 0 ? initial(heading) : "…"}
      </span>
      <span className="who">
        <h2>{heading}</h2>
        <small>{role}</small>
      </span>
    </header>
  );
}

/** Says what is wrong with the connection; while all is well, what else there is to know. */
function Banner({ state, note }: { state: Snapshot; note: string | null }) {
  const gone = state.phase === "closed" && !state.ended;
  const wrong = gone
    ? "This conversation was ended."
    : state.connection === "connected"
      ? null
      : state.connection === "denied"
        ? "Signing in again…"
        : "The connection was lost. Reconnecting…";
  return (
    <div role="status">
      {wrong ? (
        <p className="banner">
          {!gone && <span className="spinner small" aria-hidden="true" />}
          {wrong}
        </p>
      ) : (
        note && <p className="banner calm">{note}</p>
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
