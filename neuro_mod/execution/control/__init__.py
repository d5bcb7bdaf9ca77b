"""Control: responses, designs and capacities as durable jobs and results."""
