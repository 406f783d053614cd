/** Lucide's icons (ISC licence), only those in use. */

function icon(size: number, ...paths: string[]) {
  return () => (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      {paths.map((path) => (
        <path d={path} />
      ))}
    </svg>
  );
}

const dot = (left: number) => `M${left} 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0`;
const CIRCLE = "M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0";

export const CloseIcon = icon(20, "M18 6 6 18", "m6 6 12 12");
export const MoreIcon = icon(20, dot(4), dot(11), dot(18));
export const SendIcon = icon(20, "m5 12 7-7 7 7", "M12 19V5");
export const ClockIcon = icon(16, CIRCLE, "M12 6v6l4 2");
export const AlertIcon = icon(16, CIRCLE, "M12 8v4", "M12 16h.01");
export const DownIcon = icon(16, "M12 5v14", "m19 12-7 7-7-7");
export const EndIcon = icon(18, "M7.9 20A9 9 0 1 0 4 16.1L2 22Z", "m15 9-6 6", "m9 9 6 6");
export const StarIcon = icon(
  32,
  "M11.525 2.295a.53.53 0 0 1 .95 0l2.31 4.679a2.123 2.123 0 0 0 1.595 1.16l5.166.756a.53.53 0 0 1 .294.904l-3.736 3.638a2.123 2.123 0 0 0-.611 1.878l.882 5.14a.53.53 0 0 1-.771.56l-4.618-2.428a2.122 2.122 0 0 0-1.973 0L6.396 21.01a.53.53 0 0 1-.77-.56l.881-5.139a2.122 2.122 0 0 0-.611-1.879L2.16 9.795a.53.53 0 0 1 .294-.906l5.165-.755a2.122 2.122 0 0 0 1.597-1.16z",
);
