export interface Server {
  name: string;
  url: string;
}
