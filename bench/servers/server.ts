export interface Server {
  name: string;
  url: string;
}

export interface StoringServer extends Server {
  /** The folder of all that it keeps. */
  data: string;
}
