import type { Talk, Talks } from "../desk/desk";
import type { Work } from "../desk/model";
import { TimeLeft } from "./Countdown";

interface Props {
  works: readonly Work[];
  talks: Talks;
  shown: string | undefined;
  onShow: (sid: string) => void;
}

/** All offers and conversations, to go from one to the other. */
export function WorkList({ works, talks, shown, onShow }: Props) {
  return (
    <nav className="works" aria-label="Offers and conversations">
      <ul>
        {works.map((work) => (
          <li key={work.sid}>
            <button
              type="button"
              className={work.status}
              aria-current={work.sid === shown ? "true" : undefined}
              onClick={() => onShow(work.sid)}
            >
              <span className="work-name">{work.name}</span>
              <State work={work} talk={talks.get(work.sid)} />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function State({ work, talk }: { work: Work; talk: Talk | undefined }) {
  if (work.status === "pending")
    return (
      <small>
        offer, <TimeLeft work={work} />
      </small>
    );
  if (talk && talk.unread > 0)
    return (
      <span className="badge">
        {talk.unread}
        <span className="sr-only"> unread</span>
      </span>
    );
  return <small>{work.status === "wrapping" ? "wrapping up" : "in conversation"}</small>;
}
