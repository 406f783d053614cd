/** The agent's calls. A refused token is renewed once; refused again, the sign-in has ended. */
import type { Edge } from "../../client/src/edge.ts";
import { type Call, ChatApi, Http, Problem } from "../../client/src/http.ts";
import type { Ticket } from "../../client/src/wire.ts";
import type { Session } from "./identity/session";
import type { ListName } from "./router";
import type {
  AgentConversation,
  Colleague,
  ColleaguePage,
  ConversationPage,
  Counts,
  Me,
  Presence,
  Stats,
} from "./wire";

const PAGE_SIZE = 50;
const VIEWS: Record<ListName, string> = { mine: "mine", queue: "queue", all: "all", closed: "resolved" };

class AgentHttp extends Http {
  private sent: string | undefined;

  constructor(
    edge: Edge,
    baseUrl: string,
    private readonly session: Session,
    private readonly heard: (reached: boolean) => void,
  ) {
    super(edge, {
      baseUrl,
      token: async () => {
        this.sent = await session.token();
        return this.sent;
      },
    });
  }

  override async call<Answer>(method: string, path: string, call: Call = {}): Promise<Answer> {
    try {
      const answer = await this.renewing(() => super.call<Answer>(method, path, call));
      this.heard(true);
      return answer;
    } catch (error) {
      if (error instanceof Problem) {
        this.heard(error.status !== 0);
        if (error.status === 401) this.session.end();
        if (error.code === "agent_unknown") this.session.refuse();
      }
      throw error;
    }
  }

  private async renewing<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      await this.session.renew(this.sent);
      return ask();
    }
  }
}

export class AgentApi {
  readonly chat: ChatApi<AgentConversation>;
  private readonly http: Http;

  /** Told with each answer, or with the lack of one, whether the server can be reached. */
  onReach: (reached: boolean) => void = () => undefined;

  constructor(edge: Edge, apiUrl: string, session: Session) {
    this.http = new AgentHttp(edge, `${apiUrl}/functions/v1`, session, (reached) => this.onReach(reached));
    this.chat = new ChatApi(this.http);
  }

  me(): Promise<Me> {
    return this.http.get("/agent/me");
  }

  ticket(): Promise<Ticket> {
    return this.http.post("/agent/ticket", {});
  }

  setPresence(status: Presence, socketId?: string): Promise<Me> {
    return this.http.post("/agent/presence", socketId ? { status, socket_id: socketId } : { status });
  }

  conversations(list: ListName, cursor?: string): Promise<ConversationPage> {
    return this.http.get("/agent/conversations", { view: VIEWS[list], limit: PAGE_SIZE, cursor });
  }

  conversation(id: string): Promise<AgentConversation> {
    return this.http.get("/agent/conversation", { conversation_id: id });
  }

  counts(): Promise<Counts> {
    return this.http.get("/agent/counts");
  }

  assign(id: string): Promise<AgentConversation> {
    return this.http.post("/agent/assign", { conversation_id: id });
  }

  unassign(id: string): Promise<AgentConversation> {
    return this.http.post("/agent/unassign", { conversation_id: id });
  }

  transfer(id: string, agentId: string): Promise<AgentConversation> {
    return this.http.post("/agent/transfer", { conversation_id: id, agent_id: agentId });
  }

  resolve(id: string): Promise<AgentConversation> {
    return this.http.post("/agent/resolve", { conversation_id: id });
  }

  reopen(id: string): Promise<AgentConversation> {
    return this.http.post("/agent/reopen", { conversation_id: id });
  }

  end(id: string): Promise<AgentConversation> {
    return this.chat.end(id);
  }

  async colleagues(): Promise<Colleague[]> {
    return (await this.http.get<ColleaguePage>("/agent/colleagues")).items;
  }

  stats(): Promise<Stats> {
    return this.http.get("/agent/stats");
  }
}
