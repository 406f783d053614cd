/** Who is asking, from where, and how the conversation went. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { ago, browserName, exactTime, languageName, preciseDuration, shortUrl, visitorName } from "../format";
import type { AgentConversation } from "../wire";
import { Avatar } from "./Avatar";
import { useNow } from "./hooks";
import { Icon } from "./Icon";
import { Stars } from "./Stars";

interface VisitorPanelProps {
  conversation: AgentConversation;
  /** Only where there is no room to show it always. */
  isOpen: boolean;
  onClose: () => void;
}

export function VisitorPanel({ conversation, isOpen, onClose }: VisitorPanelProps) {
  const { visitor, context, feedback, visitor_info: info } = conversation;
  const now = useNow(60_000);
  const closer = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (!isOpen) return;
    closer.current?.focus();
    // Before the page's own keys: there, Escape leaves the conversation.
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      onClose();
    };
    window.addEventListener("keydown", closeOnEscape, { capture: true });
    return () => window.removeEventListener("keydown", closeOnEscape, { capture: true });
  }, [isOpen, onClose]);
  const name = visitorName(visitor);
  const text = (key: string) => (typeof context[key] === "string" ? (context[key] as string) : "");
  const agent = text("user_agent");
  const device = (agent && browserName(agent)) || text("device_type");
  const language = text("language") || text("locale");
  const extra = Object.entries(info).filter(
    ([key, value]) => !KNOWN.has(key) && ["string", "number", "boolean"].includes(typeof value) && value !== "",
  );

  return (
    <>
      {isOpen && <button type="button" class="panel-shade" tabIndex={-1} aria-hidden="true" onClick={onClose} />}
      <aside class={isOpen ? "panel open" : "panel"} aria-label="About the visitor">
        <div class="panel-who">
          <button ref={closer} type="button" class="icon-button panel-close" aria-label="Close" onClick={onClose}>
            <Icon name="close" size={18} />
          </button>
          <Avatar id={visitor.id} name={name} size={48} />
          <h2>{name}</h2>
          {visitor.verified && (
            <p class="verified">
              <Icon name="resolved" size={14} /> Identity confirmed
            </p>
          )}
        </div>
        <Facts title="Contact">
          {visitor.email && (
            <Fact name="E-mail">
              <a href={`mailto:${visitor.email}`}>{visitor.email}</a>
            </Fact>
          )}
          {visitor.phone && (
            <Fact name="Phone">
              <a href={`tel:${visitor.phone}`}>{visitor.phone}</a>
            </Fact>
          )}
          {!visitor.email && !visitor.phone && <p class="soft">No e-mail or phone given.</p>}
        </Facts>
        <Facts title="Visit">
          {text("page_url") && (
            <Fact name="Page">
              <WebLink address={text("page_url")}>{text("page_title") || shortUrl(text("page_url"))}</WebLink>
            </Fact>
          )}
          {text("referrer") && (
            <Fact name="Came from">
              <WebLink address={text("referrer")}>{shortUrl(text("referrer"))}</WebLink>
            </Fact>
          )}
          {device && <Fact name="Device">{capital(device)}</Fact>}
          {language && <Fact name="Language">{languageName(language)}</Fact>}
          {text("timezone") && <Fact name="Time zone">{text("timezone").replaceAll("_", " ")}</Fact>}
        </Facts>
        {extra.length > 0 && (
          <Facts title="Details">
            {extra.map(([key, value]) => (
              <Fact key={key} name={capital(key.replaceAll("_", " "))}>
                {String(value)}
              </Fact>
            ))}
          </Facts>
        )}
        <Facts title="Conversation">
          <Fact name="Website">{conversation.widget_name}</Fact>
          <Fact name="Began">
            <time dateTime={conversation.created_at} title={exactTime(conversation.created_at)}>
              {began(conversation.created_at, now)}
            </time>
          </Fact>
          {conversation.first_response_time_seconds !== null && (
            <Fact name="First answer">after {preciseDuration(conversation.first_response_time_seconds)}</Fact>
          )}
          {conversation.resolution_time_seconds !== null && (
            <Fact name="Took">{preciseDuration(conversation.resolution_time_seconds)}</Fact>
          )}
        </Facts>
        {feedback && (
          <Facts title="Rating">
            <Stars rating={feedback.rating} />
            {feedback.comment && <blockquote class="comment">{feedback.comment}</blockquote>}
            {typeof feedback.nps === "number" && <Fact name="Would recommend">{feedback.nps} of 10</Fact>}
          </Facts>
        )}
      </aside>
    </>
  );
}

/** Shown above under names of their own, or of no use to an agent. */
const KNOWN = new Set(["name", "email", "phone", "consent_given", "consent_timestamp"]);

function Facts({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="facts">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <span class="soft">{name}</span>
      <span class="fact-value">{children}</span>
    </div>
  );
}

/** What a visitor's page reports is anybody's text: only web addresses become links. */
function WebLink({ address, children }: { address: string; children: ComponentChildren }) {
  if (!/^https?:\/\//i.test(address)) return <>{children}</>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" title={address}>
      {children}
    </a>
  );
}

function began(time: string, now: number): string {
  const passed = ago(time, now);
  return passed === "now" ? "just now" : /^\d+ (min|h)$/.test(passed) ? `${passed} ago` : passed;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
