/** Timing with which watches notice a silent server and repeat lists within seconds. */
export const quickWatch = { idleLimitMs: 3_000, relistSpreadMs: 300, backoffMs: 100, backoffLimitMs: 1_000 };
