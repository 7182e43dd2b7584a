import { useEffect, useRef, useState } from "react";
import type { Attachment } from "../chat/model";
import { formatBytes } from "../lib/text";
import { Icon } from "../ui/Icon";

/** A picture that has been sent: a preview that opens in full. Falls back to a file where it cannot be shown. */
export function Picture({ attachment }: { attachment: Attachment }) {
  const [url, setUrl] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [open, setOpen] = useState(false);

  // Addresses expire, so a preview that does not load is asked for once more.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt asks for a new address
  useEffect(() => {
    let gone = false;
    attachment.url().then(
      (found) => !gone && setUrl(found),
      () => !gone && setAttempt(2),
    );
    return () => {
      gone = true;
    };
  }, [attachment.url, attempt]);

  if (attempt > 1) return <FileCard attachment={attachment} />;

  return (
    <div className="bubble picture">
      <button type="button" disabled={!url} onClick={() => setOpen(true)}>
        {url ? (
          <img src={url} alt={attachment.name} onError={() => setAttempt((n) => n + 1)} />
        ) : (
          <span className="sr-only">Loading {attachment.name}</span>
        )}
        <span className="sr-only">Open the picture</span>
      </button>
      {open && url && <Lightbox attachment={attachment} url={url} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** A picture in full, over the page. */
function Lightbox({
  attachment,
  url,
  onClose,
}: {
  attachment: Attachment;
  url: string;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState(false);

  useEffect(() => dialog.current?.showModal(), []);

  return (
    <dialog
      ref={dialog}
      className="lightbox"
      aria-label={attachment.name}
      onClose={onClose}
      // A click beside the picture closes; Escape does so by itself.
      onClick={(event) => event.target === event.currentTarget && dialog.current?.close()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <img src={url} alt={attachment.name} />
      <p>
        <bdi>{attachment.name}</bdi>
        {problem && <span role="alert">Could not be fetched. Try again.</span>}
        <button type="button" className="button" onClick={() => download(attachment, setProblem)}>
          <Icon name="download" size={16} />
          Download
        </button>
        <button type="button" className="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
    </dialog>
  );
}

/** A picture on its way, shown from the file itself. */
export function LocalPicture({ file }: { file: File }) {
  const [url, setUrl] = useState<string | null>(null);

  useEffect(() => {
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);

  return <div className="bubble picture">{url && <img src={url} alt={file.name} />}</div>;
}

/** A file that has been sent, with its size and a way to save it. */
export function FileCard({ attachment }: { attachment: Attachment }) {
  const [problem, setProblem] = useState(false);
  return (
    <div className="bubble file">
      <Icon name="file" />
      <span>
        <bdi>{attachment.name}</bdi>
        <small>{problem ? "Could not be fetched. Try again." : formatBytes(attachment.size)}</small>
      </span>
      <button
        type="button"
        aria-label={`Download ${attachment.name}`}
        onClick={() => download(attachment, setProblem)}
      >
        <Icon name="download" />
      </button>
    </div>
  );
}

/** Saves the bytes under the file's own name, from a fresh address; tells whether there was a problem. */
function download(attachment: Attachment, onProblem: (problem: boolean) => void): void {
  attachment.url().then(
    (url) => {
      const link = document.createElement("a");
      link.href = url;
      link.download = attachment.name;
      link.rel = "noreferrer";
      link.click();
      onProblem(false);
    },
    () => onProblem(true),
  );
}
