// The pattern of what goes down or stands second in a chart: told apart without colour.

/** Definitions of a chart; the pattern fills as `url(#id)`. Ids are of the whole page, so each kind of chart has its own. */
export const hatching = (id: string) => (
  <defs>
    <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="6" height="6" fill="var(--second-soft)" />
      <line x1="0" y1="0" x2="0" y2="6" stroke="var(--second)" strokeWidth="4" />
    </pattern>
  </defs>
);
