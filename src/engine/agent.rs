//! The team that answers for a business: its agents, what each of them serves and what each may do.
//!
//! Six agents are built in. A tenant may change them, leave some out and declare its own; the team is put together
//! once from its configuration and then only read.

/// Danger to health, life or safety: a protocol and people at once.
pub const EMERGENCY: &str = "emergency";
/// Products, services, prices and promotions.
pub const SALES: &str = "sales";
/// Problems, complaints, payments, policies, how things are done.
pub const SUPPORT: &str = "support";
/// Booking, moving and cancelling appointments.
pub const SCHEDULE: &str = "schedule";
/// Free times and opening hours.
pub const AVAILABILITY: &str = "availability";
/// First contact and everything general: greets, understands, takes the contact's data.
pub const LEAD: &str = "lead";

/// The built-in agents, in the order in which they are shown.
pub const BUILT_IN: [&str; 6] = [EMERGENCY, SALES, SUPPORT, SCHEDULE, AVAILABILITY, LEAD];

/// How a message finds its agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Each message goes to the agents whose subject it is.
    #[default]
    Classified,
    /// One instruction for everything: all agents answer as one.
    Single,
}

/// One agent of a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// Its name, in the configuration, the reports and the logs.
    pub name: String,
    /// Who it is and how it speaks, told to the model. Empty: nothing but its prompt.
    pub persona: String,
    /// The name of its own template, when it has another than the built-in one.
    pub prompt: Option<String>,
    /// Words and phrases that make a message its subject.
    pub keywords: Vec<String>,
    /// Messages of its subject.
    pub examples: Vec<String>,
    /// The categories of documents it answers from; empty for all.
    pub categories: Vec<String>,
    /// The tools it may use, by name. `None`: those that a built-in agent of its name has, or the common ones.
    pub tools: Option<Vec<String>>,
    /// What is to be said at once, word by word, when the agent is [`EMERGENCY`]; empty: from the documents.
    pub protocol: String,
}

impl Agent {
    /// An agent of this name as it is built in, or a new one.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Whether an agent of this name is built in.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.contains(&self.name.as_str())
    }
}

/// The agents of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Team {
    /// How a message finds its agents.
    pub strategy: Strategy,
    /// Those that are enabled; never empty.
    pub agents: Vec<Agent>,
}

impl Team {
    /// The built-in agents as they are.
    pub fn built_in() -> Self {
        Self { strategy: Strategy::Classified, agents: BUILT_IN.into_iter().map(Agent::named).collect() }
    }

    /// The agent of a name.
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }

    /// Whether an agent of this name is enabled.
    pub fn has(&self, name: &str) -> bool {
        self.agent(name).is_some()
    }

    /// Who answers what is nobody's subject: the lead agent, or the first of the team.
    pub fn general(&self) -> Option<&Agent> {
        self.agent(LEAD).or_else(|| self.agents.first())
    }
}
