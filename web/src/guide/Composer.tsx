import { type ClipboardEvent, type FormEvent, type KeyboardEvent, useId, useRef, useState } from "react";
import { MAX_BODY_BYTES, textProblem } from "../chat/limits";
import { byteLength, formatBytes } from "../lib/text";
import { Icon } from "../ui/Icon";
import { useLostFocus } from "../ui/useLostFocus";

interface Props {
  placeholder: string;
  /** What was wrong with the last files. */
  problem: string | null;
  engaged: boolean;
  onProblem: (problem: string | null) => void;
  onText: (text: string) => void;
  onFiles: (files: Iterable<File>) => void;
  onTyping: () => void;
}

/** Where a message is written: Enter sends, Shift+Enter makes a new line, files come by button, paste or drop. */
export function Composer({ placeholder, problem, engaged, onProblem, onText, onFiles, onTyping }: Props) {
  const [text, setText] = useState("");
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  useLostFocus(field, engaged);

  const tooLong = textProblem(text);
  const shown = tooLong ?? problem;

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    field.current?.focus();
    if (text.trim() === "" || tooLong) return;
    onText(text.trim());
    setText("");
    onProblem(null);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    onFiles(event.clipboardData.files);
  };

  return (
    <form className="composer" onSubmit={send}>
      {shown && (
        <p className="field-problem" id={`${id}-problem`} role="alert">
          {shown}
        </p>
      )}
      <div className="composer-line">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          tabIndex={-1}
          aria-label="Files to send"
          onChange={(event) => {
            onFiles([...(event.target.files ?? [])]);
            event.target.value = ""; // so that the same file can be chosen again
          }}
        />
        <button
          type="button"
          className="round"
          aria-label="Attach files"
          title="Attach files"
          onClick={() => picker.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <label className="sr-only" htmlFor={id}>
          Message
        </label>
        <textarea
          ref={field}
          id={id}
          rows={1}
          dir="auto"
          placeholder={placeholder}
          value={text}
          enterKeyHint="send"
          aria-invalid={tooLong ? true : undefined}
          aria-describedby={shown ? `${id}-problem` : undefined}
          onChange={(event) => {
            setText(event.target.value);
            if (problem) onProblem(null);
            if (event.target.value.trim() !== "") onTyping();
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <button
          type="submit"
          className="round send"
          aria-label="Send"
          title="Send"
          aria-disabled={text.trim() === "" || !!tooLong}
        >
          <Icon name="send" />
        </button>
      </div>
      <Room text={text} />
    </form>
  );
}

/** How much room is left, shown once it is short. */
function Room({ text }: { text: string }) {
  if (text.length < MAX_BODY_BYTES / 4) return null; // four bytes a character at most
  const left = MAX_BODY_BYTES - byteLength(text);
  if (left < 0 || left > MAX_BODY_BYTES / 10) return null;
  return <p className="hint">{formatBytes(left)} left</p>;
}
