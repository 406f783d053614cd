/** A picture, else initials on a colour that belongs to the id. */
import { useState } from "preact/hooks";
import { hash, initials } from "../format";
import type { Presence } from "../wire";

interface AvatarProps {
  id: string;
  name: string;
  picture?: string | null;
  size?: 20 | 24 | 28 | 32 | 48;
  presence?: Presence;
}

export function Avatar({ id, name, picture, size = 28, presence }: AvatarProps) {
  const [isBroken, setBroken] = useState(false);
  return (
    <span class="avatar" style={{ "--hue": String(hash(id) % 360), "--size": `${size}px` }} aria-hidden="true">
      {picture && !isBroken ? (
        <img src={picture} alt="" width={size} height={size} onError={() => setBroken(true)} />
      ) : (
        <span class="avatar-initials">{initials(name)}</span>
      )}
      {presence && <span class="presence-dot" data-status={presence} />}
    </span>
  );
}
