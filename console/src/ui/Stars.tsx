import { Icon } from "./Icon";

/** A rating from 1 to 5, said in words as well. */
export function Stars({ rating }: { rating: number }) {
  return (
    <span class="stars" role="img" aria-label={`${rating} of 5`}>
      {[1, 2, 3, 4, 5].map((star) => (
        <span key={star} class={star <= Math.round(rating) ? "star on" : "star"}>
          <Icon name="star" />
        </span>
      ))}
    </span>
  );
}
