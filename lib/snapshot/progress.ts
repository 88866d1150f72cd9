export type OnProgress = (doing: string, done: number, of: number | undefined) => void;
