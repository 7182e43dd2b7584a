const paths = {
  attach:
    "M20.500 11.500 12 20a5.500 5.500 0 0 1-7.800-7.800l8.700-8.600a3.700 3.700 0 0 1 5.200 5.200l-8.700 8.600a1.800 1.800 0 0 1-2.600-2.500l8-7.900",
  send: "M4 12 20.500 4.500 15 20.500l-3.300-6.800L4 12Zm7.700 1.700 4-4.200",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "m5 12.500 4.500 4.500L19 7.500",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  download: "M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 20h14",
  arrow: "M5 12h14m-6-6 6 6-6 6",
  down: "M12 5v14m-6-6 6 6 6-6",
  alert: "M12 8v5m0 3.200v.1M12 3 2.500 20h19L12 3Z",
};

/** A line icon that says nothing to assistive technology; the control beside it has the name. */
export function Icon({ name, size = 20 }: { name: keyof typeof paths; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
