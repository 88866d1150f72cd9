/** Holds up whoever awaits `opened` until somebody opens it. */
export class Gate {
  readonly opened: Promise<void>;
  #open: (() => void) | undefined;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open?.();
  }
}
