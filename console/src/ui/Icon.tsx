/** Lucide's drawings; the bundle holds those named here. */
import {
  ArrowDown,
  ArrowLeft,
  ArrowRightLeft,
  ChartNoAxesColumn,
  Check,
  CheckCheck,
  ChevronDown,
  CircleAlert,
  CircleCheck,
  Clock,
  CornerUpLeft,
  Ellipsis,
  ExternalLink,
  type IconNode,
  Inbox,
  Keyboard,
  Layers,
  LogOut,
  MessagesSquare,
  RotateCw,
  SendHorizontal,
  Star,
  UserRound,
  Users,
  WifiOff,
  X,
} from "lucide";
import { h } from "preact";

const DRAWINGS = {
  "arrow-down": ArrowDown,
  back: ArrowLeft,
  transfer: ArrowRightLeft,
  statistics: ChartNoAxesColumn,
  check: Check,
  seen: CheckCheck,
  down: ChevronDown,
  alert: CircleAlert,
  resolved: CircleCheck,
  clock: Clock,
  release: CornerUpLeft,
  more: Ellipsis,
  external: ExternalLink,
  inbox: Inbox,
  keyboard: Keyboard,
  all: Layers,
  "sign-out": LogOut,
  conversation: MessagesSquare,
  retry: RotateCw,
  send: SendHorizontal,
  star: Star,
  visitor: UserRound,
  queue: Users,
  offline: WifiOff,
  close: X,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof DRAWINGS;

/** Decoration: whatever it stands for is also said in words. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {DRAWINGS[name].map(([tag, attributes]) => h(tag, attributes))}
    </svg>
  );
}
