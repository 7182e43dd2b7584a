import { type Fault, text, type Widget } from "./model";
import { conditionWords, doingOf, labelOf, plain, titleOf } from "./words";

interface Props {
  widget: Widget;
  errors: readonly Fault[];
  warnings: readonly Fault[];
  /** Another widget is chosen, or none. */
  onSelect: (name: string | null) => void;
}

/** All of one widget: what it does, what is wrong with it, its settings and where it leads. */
export function WidgetDetails({ widget, errors, warnings, onSelect }: Props) {
  const doing = doingOf(widget);
  const settings = Object.entries(widget.properties).filter(
    ([key, value]) => key !== "offset" && value !== null && value !== "",
  );
  return (
    <>
      <header className="panel-head">
        <div>
          <h2>{widget.name}</h2>
          <p className="row-note">{titleOf(widget.type)}</p>
        </div>
        <button type="button" className="button quiet" onClick={() => onSelect(null)}>
          Close
        </button>
      </header>
      {doing && <p>{doing}.</p>}
      {errors.length + warnings.length > 0 && (
        <ul className="faults">
          {errors.map((fault) => (
            <FaultLine key={fault.property_path + fault.message} kind="error" fault={fault} />
          ))}
          {warnings.map((fault) => (
            <FaultLine key={fault.property_path + fault.message} kind="warning" fault={fault} />
          ))}
        </ul>
      )}
      {widget.transitions.length > 0 && (
        <section>
          <h3>Leads on</h3>
          <ul className="ways">
            {widget.transitions.map((way, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the order of ways out is part of the definition
              <li key={n}>
                <span title={way.event}>{labelOf(widget, way)}</span>
                {way.next ? (
                  <button type="button" className="link" onClick={() => onSelect(way.next)}>
                    {way.next}
                  </button>
                ) : (
                  <em>ends</em>
                )}
                {way.conditions.some((one) => one.arguments?.length) && (
                  <small>
                    {way.conditions
                      .map((one) => `${plain(one.arguments?.[0])} ${conditionWords(one)}`)
                      .join(" and ")}
                  </small>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {settings.length > 0 && (
        <section>
          <h3>Settings</h3>
          <dl className="settings">
            {settings.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>
                  <code>{text(value) || JSON.stringify(value, null, 1)}</code>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </>
  );
}

function FaultLine({ kind, fault }: { kind: string; fault: Fault }) {
  return (
    <li className={kind}>
      <span>{fault.message}</span>
      <code>{fault.property_path}</code>
    </li>
  );
}
