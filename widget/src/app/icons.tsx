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
export const StarIcon = icon(32, "m12 2 3.1 6.3 6.9 1-5 4.8 1.2 6.9-6.2-3.2L5.8 21 7 14.1l-5-4.8 6.9-1z");
