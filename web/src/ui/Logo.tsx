/** Parley's mark: two bubbles, two sides of one conversation. The icon in public/favicon.svg is the same drawing. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path
        className="logo-front"
        d="M9 2h10a9 9 0 0 1 0 18h-5l-6.200 6.100A1 1 0 0 1 6 25.400V19A9 9 0 0 1 9 2Z"
      />
      <path
        className="logo-back"
        d="M29.500 17.500a7.500 7.500 0 0 1-3.500 6.300v4.900a.8.8 0 0 1-1.300.6L20.600 26h-2.100a8 8 0 0 1-4.300-1.300l1-1H19A12.600 12.600 0 0 0 29 13a7.600 7.600 0 0 1 .5 4.500Z"
      />
      <path className="logo-lines" d="M10 9h8.500M10 13h5" />
    </svg>
  );
}
