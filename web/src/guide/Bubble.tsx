import { memo } from "react";
import { type ChatMessage, isPicture, type Outgoing } from "../chat/model";
import { formatBytes, isEmojiOnly, linkify } from "../lib/text";
import { clock } from "../lib/time";
import { Icon } from "../ui/Icon";
import { FileCard, LocalPicture, Picture } from "./Media";

interface MessageProps {
  message: ChatMessage;
  name: string;
  /** The first of several by one author. */
  first: boolean;
  state: "sent" | "read" | null;
}

export const MessageRow = memo(function MessageRow({ message, name, first, state }: MessageProps) {
  const { own, at, text, attachment } = message;
  return (
    <article className={rowClass(own, first)}>
      <p className={first ? "meta" : "sr-only"}>
        {own ? <span className="sr-only">You</span> : <span>{name}</span>}{" "}
        <time dateTime={at.toISOString()}>{clock(at)}</time>
      </p>
      {attachment ? (
        isPicture(attachment.type) ? (
          <Picture attachment={attachment} />
        ) : (
          <FileCard attachment={attachment} />
        )
      ) : (
        <Text text={text} />
      )}
      {state && (
        <p className="state">
          {state === "read" && <Icon name="check" size={14} />}
          {state === "read" ? "Read" : "Sent"}
        </p>
      )}
    </article>
  );
});

interface OutgoingProps {
  outgoing: Outgoing;
  first: boolean;
  onRetry: () => void;
  onDiscard: () => void;
}

export function OutgoingRow({ outgoing, first, onRetry, onDiscard }: OutgoingProps) {
  const { file, text, state, problem } = outgoing;
  return (
    <article className={`${rowClass(true, first)} ${state}`}>
      <p className="sr-only">You</p>
      {file ? (
        isPicture(file.type) ? (
          <LocalPicture file={file} />
        ) : (
          <div className="bubble file">
            <Icon name="file" />
            <span>
              <bdi>{file.name}</bdi>
              <small>{formatBytes(file.size)}</small>
            </span>
          </div>
        )
      ) : (
        <Text text={text} />
      )}
      {file && state === "sending" && (
        <div className="progress" role="progressbar" aria-label={`Sending ${file.name}`} />
      )}
      {state === "failed" ? (
        <p className="state failed" role="alert">
          <Icon name="alert" size={14} />
          <span>Not sent. {problem}</span>
          <button type="button" onClick={onRetry}>
            Retry
          </button>
          <button type="button" onClick={onDiscard}>
            Delete
          </button>
        </p>
      ) : (
        <p className="state">{state === "sending" ? "Sending…" : "Sent"}</p>
      )}
    </article>
  );
}

function rowClass(own: boolean, first: boolean): string {
  return `row ${own ? "own" : "other"}${first ? " first" : ""}`;
}

function Text({ text }: { text: string }) {
  if (isEmojiOnly(text)) return <p className="emoji">{text}</p>;
  return (
    <p className="bubble" dir="auto">
      {linkify(text).map((piece, at) =>
        piece.href ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never move
          <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </p>
  );
}
