// The icons of the wall, as paths: 16 by 16, as those in ui/icons.tsx.

export const SEARCH = "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 1 0 0-9M10.3 10.3L13.5 13.5";
export const FILTER = "M2.5 4h11M4.5 8h7M6.5 12h3";
export const LAYERS = "M8 2.5L14 6 8 9.5 2 6zM2.5 9L8 12.2 13.5 9";
export const CROSS = "M4 4l8 8M12 4l-8 8";
export const COMPARE = "M2 3.5h12v9H2zM8 3.5v9";
export const AWAY = "M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.5h3";
export const ARENA = "M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5L1.5 9h3zM13 4.5L11.5 9h3z";
export const MONEY =
  "M10.8 5C10 4.3 9 4 8 4 6.4 4 5.3 4.8 5.3 6S6.4 7.7 8 8s2.8.8 2.8 2-1.2 2-2.8 2c-1 0-2-.4-3-1.3M8 2.5v11";
