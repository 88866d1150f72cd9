/** The first signal to end. Who asks twice does not want to wait: the process then ends at once, after `atOnce`. */
export function firstSignal(atOnce: () => void = () => {}): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    function onSignal(signal: string): void {
      if (seen) {
        atOnce();
        process.exit(1);
      }
      seen = true;
      resolve(signal);
    }
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
